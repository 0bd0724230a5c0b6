import { describe, expect, it } from 'vitest';
import { readDate, readDeltaSeconds, readQ, readRetryAfter } from '../src/codec/field-values.ts';
import { createFramer } from '../src/codec/framer.ts';
import { formatNameAddr, readNameAddr } from '../src/codec/name-addr.ts';
import { parseMessage } from '../src/codec/parse-message.ts';
import { readSipUri } from '../src/codec/sip-uri.ts';
import { readVia, stampVia } from '../src/codec/via.ts';
import { readDigests } from '../src/digest/digest-header.ts';
import { fill, isFast, size } from './support/cost.ts';
import { exhaust, paper } from './support/messages.ts';

/** What tempts a reader to look at a character more than once. */
const units = [
  ...[',', ';', '"', '\\', '\\"', ' ', '\t', '<', '>', '=', ':', '@', '%', '/', '(', ')', '[', '*', 'a', '9', 'ü', '\u00a0'],
  ...[
    '\r\n ',
    '\r\n\t;',
    '\r',
    '\n',
    '\0',
    ' ;',
    ' ,',
    '=;',
    ';a',
    ';a=',
    ';a="',
    ';a=" ',
    '="',
    '"\\',
    '<"',
    '">',
    '",',
    ';a="\\"',
  ],
  ...[
    'sip:',
    'a@',
    '<sip:a@b>,',
    '"<sip:a@b>',
    'SIP/',
    'SIP/2.0/UDP a,',
    ' SIP / ',
    '(\\',
    ';duration',
    '; duration =',
    'Digest ',
    'a b="c" ',
  ],
] as const;

const attacks = units.map((unit) => [JSON.stringify(unit), fill(unit)] as const);

describe('64 KB of anything (sip-stack reference P9)', () => {
  it.each(attacks)('%s in any field costs linear time', (_, text) => {
    for (const name of ['Via', 'From', 'CSeq', 'Contact', 'Content-Length', 'Subject', 'WWW-Authenticate']) {
      for (const value of [text, `"${text}`, `a,${text}`, `SIP/2.0/UDP a${text}`, `<sip:a@b>${text}`, `7${text}`]) {
        const bytes = paper({ over: { [name]: `${name}: ${value}` } });
        expect(
          isFast(() => exhaust(bytes)),
          `${name}: ${value.slice(0, 30)}`,
        ).toBe(true);
      }
    }
  });

  it.each(attacks)('%s in the first line, the names or the body costs linear time', (_, text) => {
    const heads = [
      text,
      `INVITE ${text}`,
      `INVITE sip:${text} SIP/2.0`,
      `INVITE sip:a@b${text} SIP/2.0`,
      `SIP/2.0 200 ${text}`,
      `SIP/${text}`,
    ];
    for (const start of heads)
      expect(
        isFast(() => exhaust(paper({ start }))),
        start.slice(0, 30),
      ).toBe(true);
    for (const more of [[text], [`${text}: x`], [`X${text}: x`], [`X: ${text}`, `${text}`]]) {
      expect(
        isFast(() => exhaust(paper({ more }))),
        more[0]?.slice(0, 30),
      ).toBe(true);
    }
    expect(isFast(() => exhaust(paper({ body: text })))).toBe(true);
  });

  it.each(attacks)('%s costs each reader linear time', (_, text) => {
    for (const value of [
      text,
      `1${text}`,
      `1 ;${text}x`,
      `sip:${text}`,
      `sip:a@b${text}`,
      `"${text}" <sip:a@b>${text}`,
      `Digest a=${text}`,
    ]) {
      const readers = [
        readVia,
        readNameAddr,
        readSipUri,
        readDigests,
        readRetryAfter,
        readDate,
        readDeltaSeconds,
        readQ,
      ] as const;
      for (const reader of readers)
        expect(
          isFast(() => reader(value)),
          `${reader.name}: ${value.slice(0, 30)}`,
        ).toBe(true);
      expect(isFast(() => stampVia(`SIP/2.0/UDP a;${value}`, 'b', 1))).toBe(true);
    }
  });

  it('is a display name to write', () => {
    for (const unit of ['"', '\\', 'a']) {
      expect(isFast(() => formatNameAddr({ display: fill(unit), uri: 'sip:a@b', params: new Map() }))).toBe(true);
    }
  });
});

describe('a datagram full of header lines', () => {
  const wide = { maxBytes: 10 * size, maxHeaders: 100_000 };
  const lines = (line: string, count: number) => paper({ more: Array.from({ length: count }, () => line) });

  it('8,000 Via lines or 3,500 contacts cost linear time, refused or not (P9)', () => {
    for (const bytes of [
      lines('v: a', 8000),
      lines('m: sip:a@b', 3500),
      lines('x:', 16_000),
      paper({ more: [`m:${'<sip:a@b>,'.repeat(3500)}`] }),
    ]) {
      expect(isFast(() => exhaust(bytes))).toBe(true);
      expect(isFast(() => parseMessage(bytes, wide))).toBe(true);
    }
  });

  it('costs as much as it has lines when each field is asked for', () => {
    const bytes = lines('v: SIP/2.0/UDP a;branch=z9hG4bKx', 2000);
    expect(parseMessage(bytes, wide)).toMatchObject({ kind: 'request' });
    const ask = () => {
      const message = parseMessage(bytes, wide);
      return message.kind === 'fault'
        ? 0
        : message.headers('Via').length + message.headers('X-None').length + message.fields.length;
    };
    expect(isFast(ask)).toBe(true);
  });
});

describe('a stream in the smallest pieces', () => {
  it.each(units.map((unit) => [JSON.stringify(unit), unit] as const))(
    'costs linear time byte by byte: a head full of %s',
    (_, unit) => {
      const head = Buffer.from(`INVITE sip:a@b SIP/2.0\r\nX: ${fill(unit)}`);
      const feed = () => {
        const framer = createFramer();
        for (let at = 0; at < head.length; at++) framer.push(head.subarray(at, at + 1));
      };
      expect(isFast(feed, 300)).toBe(true);
    },
  );

  it('costs linear time in one piece: thousands of messages or keepalives', () => {
    const message = paper();
    const segment = Buffer.concat(Array.from({ length: 2000 }, () => message));
    expect(createFramer().push(segment)).toHaveLength(2000);
    expect(isFast(() => createFramer().push(segment), 300)).toBe(true);
    expect(isFast(() => createFramer().push(Buffer.from(fill('\r\n'))))).toBe(true);
  });
});
