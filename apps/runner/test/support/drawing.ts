/* What a test can see of a drawing. */

export interface Letters {
  readonly words: string;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Faults of the document as XML; none when it is well-formed. Drawings have neither comments nor CDATA. */
export function xmlFaults(svg: string): readonly string[] {
  const open: string[] = [];
  const faults: string[] = [];
  let rest = svg;
  for (const [tag, end, name = '', attributes = '', empty] of svg.matchAll(
    /<(\/?)([a-z]+)((?:\s+[a-z-]+="[^"<&]*(?:&(?:amp|lt|gt|quot);[^"<&]*)*")*)\s*(\/?)>/gi,
  )) {
    rest = rest.replace(tag, '');
    if (end === '/' && open.pop() !== name) faults.push(`</${name}> ends nothing`);
    if (end === '/' && attributes !== '') faults.push(`${tag} has attributes`);
    if (end === '' && empty === '') open.push(name);
  }
  if (open.length > 0) faults.push(`not ended: ${open.join(', ')}`);
  const loose = rest.replace(/&(amp|lt|gt|quot);/g, '');
  return /[<&]|(?!\n)\p{Cc}/u.test(loose) ? [...faults, `loose: ${/.{0,20}[<&].{0,20}/.exec(loose)?.[0]}`] : faults;
}

/** Every text with the room it takes in a broad font, moved by its groups. */
export function lettersOf(svg: string): readonly Letters[] {
  const shifts: (readonly [number, number])[] = [];
  const found: Letters[] = [];
  for (const [tag, words = ''] of svg.matchAll(/<(?:g[ >][^>]*|\/g)>|<g>|<text [^>]*>([^<]*)<\/text>/g)) {
    const number = (name: string): number => Number(new RegExp(` ${name}="(-?[\\d.]+)"`).exec(tag)?.[1] ?? 0);
    if (tag === '</g>') shifts.pop();
    else if (tag.startsWith('<g')) {
      const [, dx = '0', dy = '0'] = /translate\((-?[\d.]+) (-?[\d.]+)\)/.exec(tag) ?? [];
      shifts.push([Number(dx), Number(dy)]);
    } else {
      const [dx, dy] = shifts.reduce(([x, y], [sx, sy]) => [x + sx, y + sy], [0, 0] as readonly [number, number]);
      const size = number('font-size');
      const shown = words.replace(/&\w+;/g, '?');
      const width = shown.length * size * 0.6 * (tag.includes('bold') ? 1.08 : 1);
      const anchor = /text-anchor="(\w+)"/.exec(tag)?.[1];
      const left = number('x') + dx - (anchor === 'middle' ? width / 2 : anchor === 'end' ? width : 0);
      const bottom = number('y') + dy;
      found.push({ words: shown, left, right: left + width, top: bottom - size * 0.78, bottom: bottom + size * 0.2 });
    }
  }
  return found;
}

export function overlaps(letters: readonly Letters[]): readonly string[] {
  return letters.flatMap((a, i) =>
    letters
      .slice(i + 1)
      .filter((b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
      .map((b) => `"${a.words}" and "${b.words}"`),
  );
}

/** Names of the states that are drawn, and of those that are lit. */
export function statesIn(svg: string): { readonly all: readonly string[]; readonly lit: readonly string[] } {
  const found = [...svg.matchAll(/<g class="(state|state lit)" data-state="([^"]*)">/g)];
  return {
    all: found.map(([, , name = '']) => name),
    lit: found.flatMap(([, kind, name = '']) => (kind === 'state lit' ? [name] : [])),
  };
}
