import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lineKey, readLineKey, slotCount, slotOf } from './line-key.ts';

/** Ids as people number their lines. */
const numbered: readonly [string, (i: number) => string][] = [
  ['line-1', (i) => `line-${i}`],
  ['100000@example.com', (i) => `${100_000 + i}@example.com`],
  ['p1/ext2', (i) => `p${Math.floor(i / 8)}/ext${i % 8}`],
];

describe('lineKey', () => {
  it('is the same for the same id, for ever', () => {
    // Keys are in Contacts that registrars hold: a change here would orphan them.
    expect(['', 'desk-1', 'line-1', 'ä€😀'].map(lineKey)).toEqual([
      'la74tvoylumj',
      '6lwafx5c6gpq',
      '7fo7jxixprve',
      'tzziobh2xiz4',
    ]);
  });

  it('has twelve lowercase base32 characters for every id', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (id) => {
        expect(lineKey(id)).toMatch(/^[a-z2-7]{12}$/);
      }),
    );
  });

  it.each(numbered)('never collides over 100,000 ids like %s', (_, id) => {
    expect(new Set(Array.from({ length: 100_000 }, (__, i) => lineKey(id(i)))).size).toBe(100_000);
  });

  it.each(numbered)('has independent halves for ids like %s', (_, id) => {
    // Ids that share 15 bits of one half share the 10 last bits of the other as often as chance allows.
    const seen = new Map<string, string>();
    let pairs = 0;
    let alike = 0;
    for (let i = 0; i < 200_000; i++) {
      const key = lineKey(id(i));
      const earlier = seen.get(key.slice(0, 3));
      seen.set(key.slice(0, 3), key);
      if (earlier === undefined) continue;
      pairs++;
      if (earlier.slice(6, 8) === key.slice(6, 8)) alike++;
    }
    const expected = pairs / 1_024;
    expect(Math.abs(alike - expected)).toBeLessThan(6 * Math.sqrt(expected));
  });
});

describe('slotOf', () => {
  it('spreads lines evenly over every slot', () => {
    const slots = new Array<number>(slotCount).fill(0);
    const lines = 100_000;
    for (let i = 0; i < lines; i++) {
      const slot = slotOf(lineKey(`line-${i}`));
      slots[slot] = (slots[slot] ?? 0) + 1;
    }
    const mean = lines / slotCount;
    expect(slots).toHaveLength(slotCount);
    expect(Math.min(...slots)).toBeGreaterThan(mean - 6 * Math.sqrt(mean));
    expect(Math.max(...slots)).toBeLessThan(mean + 6 * Math.sqrt(mean));
  });
});

describe('readLineKey', () => {
  it('reads every key in any case', () => {
    fc.assert(
      fc.property(fc.string(), (id) => {
        const key = lineKey(id);
        expect([readLineKey(key), readLineKey(key.toUpperCase())]).toEqual([key, key]);
      }),
    );
  });

  it.each([undefined, '', 'short', 'abcdefghijk1', 'abcdefghijklm', 'abcdefghij.l', ' abcdefghijkl', 'abcdefghijkl\n'])(
    'finds none in %j',
    (text) => expect(readLineKey(text)).toBeUndefined(),
  );
});
