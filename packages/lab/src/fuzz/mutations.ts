import type { Random } from '../random.ts';

/** One way to spoil a message. */
export type Mutation = (bytes: Buffer, random: Random) => Buffer;

const below = (random: Random, n: number): number => Math.floor(random() * n);
const pick = <T>(random: Random, all: readonly T[]): T => all[below(random, all.length)] as T;
const splice = (bytes: Buffer, at: number, length: number, put: Uint8Array | string): Buffer =>
  Buffer.concat([bytes.subarray(0, at), typeof put === 'string' ? Buffer.from(put) : put, bytes.subarray(at + length)]);

/** Things that parsers stumble over. */
const nasty: readonly string[] = [
  ...[
    '\r\n',
    '\r',
    '\n',
    '\r\n\r\n',
    '\r\n ',
    '\0',
    '\x7f',
    '\t',
    ' ',
    '  ',
    ';',
    ',',
    '<',
    '>',
    '"',
    '\\',
    '\\"',
    '@',
    '%',
    '%00',
    '%zz',
  ],
  ...[
    '=',
    ':',
    '::',
    '[',
    ']',
    '[::1',
    '*',
    '-1',
    '0',
    '00000000000000000001',
    '4294967295',
    '4294967296',
    '2147483648',
    '1e9',
    'NaN',
  ],
  ...[
    '9'.repeat(40),
    '18446744073709551616',
    '0x10',
    'é',
    '\u202e',
    '\ud83d\udc7b',
    '\ufeff',
    'ſip',
    'SIP/2.0',
    'sip:',
    'SIP/2.0 200 OK\r\n',
  ],
  ...[
    'z9hG4bK',
    ';branch=',
    ';tag=',
    ';lr',
    ';expires=',
    ';q=1.5',
    '/*',
    '(((((',
    '%s%n',
    '__proto__',
    'constructor',
    'toString',
  ],
];
const raw: readonly Buffer[] = [
  Buffer.from([0xff]),
  Buffer.from([0xc0, 0x80]),
  Buffer.from([0xed, 0xa0, 0x80]),
  Buffer.from([0x80]),
];

const flipBit: Mutation = (bytes, random) => {
  const copy = Buffer.from(bytes);
  const at = below(random, copy.length);
  copy[at] = (copy[at] ?? 0) ^ (1 << below(random, 8));
  return copy;
};
const cut: Mutation = (bytes, random) => bytes.subarray(0, below(random, bytes.length));
const cutStart: Mutation = (bytes, random) => bytes.subarray(below(random, bytes.length));
const insert: Mutation = (bytes, random) =>
  splice(bytes, below(random, bytes.length + 1), 0, random() < 0.1 ? pick(random, raw) : pick(random, nasty));
const overwrite: Mutation = (bytes, random) => splice(bytes, below(random, bytes.length), below(random, 12), pick(random, nasty));
const remove: Mutation = (bytes, random) => splice(bytes, below(random, bytes.length), 1 + below(random, 30), '');
const repeat: Mutation = (bytes, random) => {
  const at = below(random, bytes.length);
  const piece = bytes.subarray(at, at + 1 + below(random, 40));
  return splice(bytes, at, 0, Buffer.concat(Array.from({ length: 1 + below(random, 200) }, () => piece)));
};

/** Changes the lines of the head; the body stays. */
const withLines = (change: (lines: string[], random: Random) => readonly string[]): Mutation => {
  return (bytes, random) => {
    const end = bytes.indexOf('\r\n\r\n');
    const head = bytes.toString('latin1', 0, end < 0 ? bytes.length : end);
    const changed = change(head.split('\r\n'), random).join('\r\n');
    return Buffer.concat([Buffer.from(changed, 'latin1'), end < 0 ? Buffer.alloc(0) : bytes.subarray(end)]);
  };
};
const someLine = (lines: readonly string[], random: Random): number => below(random, lines.length);
const duplicateLine = withLines((lines, random) => {
  const i = someLine(lines, random);
  return lines.toSpliced(i, 0, ...Array.from({ length: random() < 0.1 ? 300 : 1 }, () => lines[i] ?? ''));
});
const dropLine = withLines((lines, random) => lines.toSpliced(someLine(lines, random), 1));
const swapLines = withLines((lines, random) => {
  const [i, j] = [someLine(lines, random), someLine(lines, random)];
  return lines.with(i, lines[j] ?? '').with(j, lines[i] ?? '');
});
const foldLine = withLines((lines, random) => {
  const i = someLine(lines, random);
  return lines.with(i, (lines[i] ?? '').replaceAll(' ', '\r\n '));
});
const longValue = withLines((lines, random) => {
  const i = someLine(lines, random);
  return lines.with(
    i,
    `${lines[i]}${pick(random, [';x', 'a', ' ,', '(', '"', '<', '%41'])}`.padEnd(10_000 + below(random, 40_000), 'z'),
  );
});
/** Replaces one word, number or name by that of another place. */
const swapTokens: Mutation = (bytes, random) => {
  const text = bytes.toString('latin1');
  const tokens = [...text.matchAll(/[A-Za-z0-9.-]+/g)];
  const [one, other] = [pick(random, tokens), pick(random, tokens)];
  if (one === undefined || other === undefined) return bytes;
  return splice(bytes, one.index, one[0].length, Buffer.from(other[0], 'latin1'));
};
const spoilNumber: Mutation = (bytes, random) => {
  const numbers = [...bytes.toString('latin1').matchAll(/\d+/g)];
  const one = numbers.length === 0 ? undefined : pick(random, numbers);
  const put = pick(random, ['0', '-1', '4294967296', '9'.repeat(30), '00', '1.5', '', '65536', '2147483648']);
  return one === undefined ? bytes : splice(bytes, one.index, one[0].length, put);
};
/** A transaction of its own: otherwise most messages would be repetitions of the first. */
const freshBranch: Mutation = (bytes, random) =>
  Buffer.from(
    bytes.toString('latin1').replace(/fuzz1|fuzz-a/g, (old) => `${old}${below(random, 1e9).toString(36)}`),
    'latin1',
  );

export const mutations: readonly Mutation[] = [
  ...[
    flipBit,
    flipBit,
    cut,
    cutStart,
    insert,
    insert,
    insert,
    overwrite,
    overwrite,
    remove,
    repeat,
    duplicateLine,
    duplicateLine,
  ],
  ...[dropLine, swapLines, foldLine, longValue, swapTokens, swapTokens, spoilNumber, spoilNumber, freshBranch, freshBranch],
];
