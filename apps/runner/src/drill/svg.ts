/* Just enough SVG. Attributes are written in the order given, so that the same picture has the same bytes. */

type Attributes = Readonly<Record<string, string | number | undefined>>;

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escapeText = (text: string): string => text.replace(/[&<>"]/g, (char) => escapes[char] ?? char);

const attributesText = (attributes: Attributes): string =>
  Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ` ${name}="${typeof value === 'number' ? round(value) : escapeText(String(value))}"`)
    .join('');

const round = (value: number): string => String(Math.round(value * 10) / 10);

const element = (name: string, attributes: Attributes, content = ''): string =>
  content === '' ? `<${name}${attributesText(attributes)}/>` : `<${name}${attributesText(attributes)}>${content}</${name}>`;

/** What a pointer over the shape shows. */
const hint = (text: string | undefined): string => (text === undefined ? '' : `<title>${escapeText(text)}</title>`);

export interface Look {
  readonly fill?: string;
  readonly stroke?: string;
  readonly opacity?: number;
  readonly dashed?: boolean;
  readonly radius?: number;
  readonly hint?: string;
}

export const rectangle = (x: number, y: number, width: number, height: number, look: Look): string =>
  element(
    'rect',
    {
      x,
      y,
      width: Math.max(width, 0.6),
      height,
      rx: look.radius,
      fill: look.fill ?? 'none',
      stroke: look.stroke,
      opacity: look.opacity,
    },
    hint(look.hint),
  );

export const stroke = (x1: number, y1: number, x2: number, y2: number, look: Look & { readonly width?: number }): string =>
  element(
    'line',
    {
      x1,
      y1,
      x2,
      y2,
      stroke: look.stroke ?? '#333',
      'stroke-width': look.width ?? 1,
      'stroke-dasharray': look.dashed === true ? '3 3' : undefined,
      opacity: look.opacity,
    },
    hint(look.hint),
  );

export interface Lettering {
  readonly size?: number;
  readonly fill?: string;
  readonly bold?: boolean;
  readonly anchor?: 'start' | 'middle' | 'end';
}

/** `y` is the base line. */
export const lettering = (
  x: number,
  y: number,
  text: string,
  { size = 11, fill = '#222', bold, anchor }: Lettering = {},
): string =>
  element(
    'text',
    { x, y, 'font-size': size, fill, 'font-weight': bold === true ? 'bold' : undefined, 'text-anchor': anchor },
    escapeText(text),
  );

/** How wide a text is at most, in the fonts that a sans-serif may turn out to be. */
export const widthOf = (text: string, size = 11, bold = false): number => text.length * size * (bold ? 0.62 : 0.57);

export const picture = (width: number, height: number, title: string, content: readonly string[]): string =>
  [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${round(width)}" height="${round(height)}" viewBox="0 0 ${round(width)} ${round(height)}" font-family="system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', Arial, sans-serif">`,
    `<title>${escapeText(title)}</title>`,
    rectangle(0, 0, width, height, { fill: '#ffffff' }),
    ...content,
    '</svg>\n',
  ].join('\n');

/** Breaks a text into lines no wider than that. */
export function wrapped(text: string, width: number, size: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && widthOf(longer, size) > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return line === '' ? lines : [...lines, line];
}
