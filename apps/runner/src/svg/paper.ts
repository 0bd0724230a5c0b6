/* What a drawing is made of: strings of SVG, with generic fonts and no script. */

export const ink = {
  text: '#1f2933',
  faint: '#5f6b7a',
  line: '#8895a7',
  frame: '#d5dbe3',
  ground: '#ffffff',
  page: '#f6f8fa',
  good: '#1a7f4b',
  goodGround: '#d9f2e3',
  change: '#9a5b00',
  changeGround: '#ffedc7',
  bad: '#b3261e',
  badGround: '#fbdcd9',
  still: '#3c5a80',
  stillGround: '#dfe9f5',
} as const;

/** The parts of the text that XML does not take are left out, the others are written so that it does. */
export function escapeXml(text: string): string {
  const names: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text.replace(/\p{Cc}|\p{Cs}|[\ufffe\uffff]/gu, '').replace(/[&<>"]/g, (found) => names[found] ?? '');
}

/** Advance of a letter of a broad font, as a part of its size: what fits with it fits with the others. */
const advance = 0.6;

export const textWidth = (text: string, size: number, isBold = false): number =>
  text.length * size * advance * (isBold ? 1.08 : 1);

/** A text in lines of at most `width`, broken at blanks, a long word where it must be. */
export function wrap(text: string, width: number, size: number): readonly string[] {
  const most = Math.max(4, Math.floor(width / (size * advance)));
  const lines: string[] = [];
  for (const word of text.split(/\s+/).flatMap((part) => part.match(new RegExp(`.{1,${most}}`, 'gu')) ?? [])) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= most) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** A text that is cut where it does not fit. */
export function clip(text: string, width: number, size: number): string {
  const most = Math.max(1, Math.floor(width / (size * advance)));
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`;
}

export interface TextStyle {
  readonly size?: number;
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly isBold?: boolean;
  readonly fill?: string;
}

export function text(x: number, y: number, content: string, style: TextStyle = {}): string {
  const { size = 12, anchor = 'start', isBold = false, fill = ink.text } = style;
  const weight = isBold ? ' font-weight="bold"' : '';
  const side = anchor === 'start' ? '' : ` text-anchor="${anchor}"`;
  return `<text x="${x}" y="${y}" font-size="${size}"${weight}${side} fill="${fill}">${escapeXml(content)}</text>`;
}

export interface BoxStyle {
  readonly fill?: string;
  readonly stroke?: string;
  readonly strokeWidth?: number;
  readonly radius?: number;
  readonly dash?: string;
}

export function box(x: number, y: number, width: number, height: number, style: BoxStyle = {}): string {
  const { fill = ink.ground, stroke = ink.frame, strokeWidth = 1, radius = 6, dash } = style;
  const dashes = dash === undefined ? '' : ` stroke-dasharray="${dash}"`;
  return `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="${radius}" fill="${fill}" stroke="${stroke}" stroke-width="${strokeWidth}"${dashes}/>`;
}

export type Point = readonly [x: number, y: number];

/** A line of straight pieces that ends in an arrowhead. */
export const arrowLine = (points: readonly Point[], stroke: string = ink.line): string =>
  `<polyline points="${points.map((point) => point.join(',')).join(' ')}" fill="none" stroke="${stroke}" stroke-width="1.4" marker-end="url(#head)"/>`;

export const group = (content: readonly string[], dx = 0, dy = 0): string =>
  `<g${dx === 0 && dy === 0 ? '' : ` transform="translate(${dx} ${dy})"`}>\n${content.join('\n')}\n</g>`;

export function sheet(width: number, height: number, title: string, about: string, content: readonly string[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="Verdana, 'DejaVu Sans', Helvetica, Arial, sans-serif">`,
    `<title>${escapeXml(title)}</title>`,
    `<desc>${escapeXml(about)}</desc>`,
    `<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0.5 L7.5 4 L0 7.5 z" fill="${ink.line}"/></marker></defs>`,
    `<rect width="${width}" height="${height}" fill="${ink.page}"/>`,
    ...content,
    '</svg>\n',
  ].join('\n');
}
