import type { ConformanceCase } from './kit.ts';
import { holds, is, type LineStoreSubject, rejectedCode, someFacts } from './line-store-subject.ts';

type Case = ConformanceCase<LineStoreSubject>;
const contract = 'LineStore contract';
const resume = 'redundancy D-46';

/** Names that a path, a line of text, a key of an object or a careless comparison would trip over. */
const oddNames = [
  ...['', ' ', '.', '..', '../../etc/passwd', '/a/b', 'a\\b', 'C:', 'a/', 'a', 'A', 'primary', 'primary a', 'alternate', 'null'],
  ...[
    'a\nb',
    'a\r\nb',
    'a\0b',
    'a\tb',
    '"a"',
    "'a'",
    '{"a":1}',
    '%2e',
    'a b',
    'a,b',
    'a|b',
    '__proto__',
    'constructor',
    'toString',
  ],
  ...['Zoë', 'Zoe\u0308', '電話', '☎️', '\u2028', '\ud800', 'x'.repeat(5_000)],
];

const manyLines = 2_000;

/** What is still there after a power cut. */
export const durableCases: readonly Case[] = [
  {
    name: 'has everything durable when flush resolves',
    source: resume,
    async run({ store, reopen }) {
      store.save('1000', 'primary', someFacts(1));
      store.save('1000', 'alternate', someFacts(2));
      await store.flush();
      await holds(await reopen(), { 1000: { primary: someFacts(1), alternate: someFacts(2) } });
    },
  },
  {
    name: 'does not bring back what was forgotten',
    source: resume,
    async run({ store, reopen }) {
      store.save('1000', 'primary', someFacts(1));
      store.save('1000', 'alternate', someFacts(2));
      await store.flush();
      store.save('1000', 'primary', undefined);
      await store.flush();
      await holds(await reopen(), { 1000: { alternate: someFacts(2) } });
    },
  },
  {
    name: 'has the last of many saves durable, not an earlier one',
    source: resume,
    async run({ store, reopen }) {
      for (let n = 0; n < 50; n++) store.save('1000', 'primary', someFacts(n));
      store.save('2000', 'primary', undefined);
      store.save('2000', 'primary', someFacts(7));
      await store.flush();
      await holds(await reopen(), { 1000: { primary: someFacts(49) }, 2000: { primary: someFacts(7) } });
    },
  },
  {
    name: 'loses nothing that is saved while it flushes',
    source: contract,
    async run({ store, reopen }) {
      store.save('1000', 'primary', someFacts(1));
      const flushed = store.flush();
      store.save('1000', 'primary', someFacts(2));
      store.save('2000', 'primary', someFacts(3));
      await flushed;
      await store.flush();
      await holds(await reopen(), { 1000: { primary: someFacts(2) }, 2000: { primary: someFacts(3) } });
    },
  },
  {
    name: 'flushes with nothing to do, and for several callers at once',
    source: contract,
    async run({ store, reopen }) {
      await store.flush();
      store.save('1000', 'primary', someFacts(1));
      await Promise.all([store.flush(), store.flush(), store.flush()]);
      await holds(await reopen(), { 1000: { primary: someFacts(1) } });
    },
  },
  {
    name: 'takes any text for the name of a line',
    source: contract,
    async run({ store, reopen }) {
      oddNames.forEach((line, n) => {
        store.save(line, 'primary', someFacts(n));
      });
      await store.flush();
      const again = await reopen();
      // One by one: as keys of one object some of these names would mean something.
      for (const [n, line] of oddNames.entries())
        await holds({ ...again, load: () => again.load(line) }, { it: { primary: someFacts(n) } });
    },
  },
  {
    name: 'keeps many lines',
    source: contract,
    async run({ store, reopen }) {
      const lines = Array.from({ length: manyLines }, (_, n) => String(n));
      lines.forEach((line, n) => {
        store.save(line, 'primary', someFacts(n));
      });
      await store.flush();
      await holds(await reopen(), Object.fromEntries(lines.map((line, n) => [line, { primary: someFacts(n) }])));
    },
  },
];

/** How a store ends. */
export const closingCases: readonly Case[] = [
  {
    name: 'has everything durable when close resolves',
    source: contract,
    async run({ store, reopen }) {
      store.save('1000', 'primary', someFacts(1));
      await store.close();
      await holds(await reopen(), { 1000: { primary: someFacts(1) } });
    },
  },
  {
    name: 'closes again, and flushes once closed, without harm',
    source: contract,
    async run({ store }) {
      await Promise.all([store.close(), store.close()]);
      await store.close();
      await store.flush();
    },
  },
  {
    name: 'ignores what is saved once it is closed',
    source: contract,
    async run({ store, reopen }) {
      store.save('1000', 'primary', someFacts(1));
      await store.close();
      store.save('1000', 'primary', someFacts(2));
      store.save('2000', 'primary', someFacts(3));
      await store.flush();
      await holds(await reopen(), { 1000: { primary: someFacts(1) }, 2000: {} });
    },
  },
  {
    name: 'refuses to load once it is closed',
    source: contract,
    async run({ store }) {
      await store.close();
      is(await rejectedCode(store.load('1000')), 'E_STORE_CLOSED');
    },
  },
];
