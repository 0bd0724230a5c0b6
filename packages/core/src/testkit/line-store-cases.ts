import type { LegFacts } from '../contracts/line-store.ts';
import type { ConformanceCase } from './kit.ts';
import { holds, type LineStoreSubject, someFacts } from './line-store-subject.ts';

type Case = ConformanceCase<LineStoreSubject>;
const contract = 'LineStore contract';
const resume = 'redundancy D-46';

const attempt = (act: () => void): void => {
  try {
    act();
  } catch {
    // Frozen facts refuse the change, which serves as well.
  }
};

/** What a store answers while it is open. */
export const memoryCases: readonly Case[] = [
  {
    name: 'answers with nothing for a line it never saw',
    source: contract,
    async run({ store }) {
      store.save('1000', 'primary', someFacts(1));
      await holds(store, { 2000: {} });
    },
  },
  {
    name: 'gives back all that was saved',
    source: contract,
    async run({ store }) {
      const exact = someFacts(1, {
        cseq: 2 ** 31 - 1,
        expiresAtMs: 1_800_000_000_000.25,
        refreshAtMs: 0.5,
        contact: 'sip:"é"\n@[::1]',
        heldSinceMs: 1_700_000_000_000.5,
        edge: 'e1',
        flow: '1/tcp:192.0.2.9:40001>192.0.2.1:5060#k3x',
        edgeLife: 'hb2m4wsz',
      });
      store.save('1000', 'primary', exact);
      await holds(store, { 1000: { primary: exact } });
    },
  },
  {
    name: 'gives back the latest facts of a leg',
    source: resume,
    async run({ store }) {
      for (const n of [1, 3, 2]) store.save('1000', 'primary', someFacts(n));
      await holds(store, { 1000: { primary: someFacts(2) } });
    },
  },
  {
    name: 'keeps the two legs of a line apart',
    source: contract,
    async run({ store }) {
      store.save('1000', 'primary', someFacts(1));
      store.save('1000', 'alternate', someFacts(2));
      await holds(store, { 1000: { primary: someFacts(1), alternate: someFacts(2) } });
    },
  },
  {
    name: 'keeps lines apart',
    source: contract,
    async run({ store }) {
      const lines = ['100', '1000', '10', 'a100', '100a'];
      lines.forEach((line, n) => {
        store.save(line, 'primary', someFacts(n));
      });
      await holds(store, Object.fromEntries(lines.map((line, n) => [line, { primary: someFacts(n) }])));
    },
  },
  {
    name: 'forgets a leg that is saved as undefined, and that leg alone',
    source: contract,
    async run({ store }) {
      store.save('1000', 'primary', someFacts(1));
      store.save('1000', 'alternate', someFacts(2));
      store.save('1000', 'primary', undefined);
      store.save('2000', 'primary', undefined);
      await holds(store, { 1000: { alternate: someFacts(2) }, 2000: {} });
    },
  },
  {
    name: 'keeps a copy: facts changed after their save change nothing in it',
    source: contract,
    async run({ store }) {
      const facts: { -readonly [K in keyof LegFacts]: LegFacts[K] } = { ...someFacts(1) };
      store.save('1000', 'primary', facts);
      facts.cseq = 99;
      await holds(store, { 1000: { primary: someFacts(1) } });
    },
  },
  {
    name: 'gives a copy: loaded facts that are changed change nothing in it',
    source: contract,
    async run({ store }) {
      store.save('1000', 'primary', someFacts(1));
      const loaded = (await store.load('1000')) as { primary?: { cseq: number } };
      attempt(() => {
        if (loaded.primary !== undefined) loaded.primary.cseq = 99;
      });
      attempt(() => {
        delete loaded.primary;
      });
      await holds(store, { 1000: { primary: someFacts(1) } });
    },
  },
];
