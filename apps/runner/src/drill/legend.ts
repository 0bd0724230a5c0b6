import { failedColour, registrationColours, registrationWords, serverColour, serverColours, waitingColour } from './colours.ts';
import { lettering, rectangle, stroke, widthOf } from './svg.ts';

interface Item {
  readonly text: string;
  draw(x: number, y: number): string;
}

const box = (text: string, fill: string): Item => ({ text, draw: (x, y) => rectangle(x, y - 9, 14, 11, { fill }) });
const mark = (text: string, tall: number, opacity: number): Item => ({
  text,
  draw: (x, y) => stroke(x + 7, y + 2, x + 7, y + 2 - tall, { stroke: '#2f69b3', width: 1.6, opacity }),
});

function row(title: string, items: readonly Item[], left: number, top: number, right: number) {
  const parts = [lettering(left, top, title, { size: 11, fill: '#444', bold: true })];
  const start = left + 96;
  let [x, y] = [start, top];
  for (const { text, draw } of items) {
    const width = 20 + widthOf(text, 10.5) + 14;
    if (x + width > right) [x, y] = [start, y + 16];
    parts.push(draw(x, y), lettering(x + 20, y, text, { size: 10.5, fill: '#444' }));
    x += width;
  }
  return { parts, bottom: y + 18 };
}

/** What colours and marks mean. */
export function legend(servers: readonly string[], left: number, top: number, right: number) {
  const names = [...new Set(servers)];
  const states = ['registered', 'refreshing', 'unrenewed', 'registering', 'unregistered', 'rejected', 'off'];
  const rows: readonly (readonly [string, readonly Item[]])[] = [
    [
      'server',
      ['up', 'silent', 'failing', 'refusing'].map((state) =>
        box(state === 'failing' ? 'answers with an error' : state, serverColours[state] ?? ''),
      ),
    ],
    ['registration', states.map((state) => box(registrationWords[state] ?? state, registrationColours[state] ?? ''))],
    [
      'calls',
      [
        box('waits for an answer', waitingColour),
        ...names.map((name) => box(`by ${name}`, serverColour(names, name))),
        box('failed', failedColour),
      ],
    ],
    ['sent', [mark('call and its end', 14, 1), mark('REGISTER', 7, 1), mark('lost on the way', 14, 0.45)]],
  ];
  const parts: string[] = [stroke(left, top, right, top, { stroke: '#c3c8cf' })];
  let y = top + 18;
  for (const [title, items] of rows) {
    const drawn = row(title, items, left, y, right);
    parts.push(...drawn.parts);
    y = drawn.bottom;
  }
  return { parts, height: y - top };
}
