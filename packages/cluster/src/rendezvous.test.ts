import { type LineKey, lineKey, slotCount } from '@offhook/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Contender, chooseOne, edgeFor } from './rendezvous.ts';

const contenders = (count: number, weight = 1): Contender[] =>
  Array.from({ length: count }, (_, n) => ({ id: `host-${n}`, weight }));
const slots = Array.from({ length: slotCount }, (_, slot) => slot);
const choices = (among: readonly Contender[]): (string | undefined)[] => slots.map((slot) => chooseOne(slot, among));

describe('rendezvous hashing', () => {
  it('chooses the same whatever order the names come in', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { minLength: 1, maxLength: 8 }), fc.nat(slotCount - 1), (ids, slot) => {
        const one = chooseOne(
          slot,
          ids.map((id) => ({ id, weight: 1 })),
        );
        expect(
          chooseOne(
            slot,
            ids.toReversed().map((id) => ({ id, weight: 1 })),
          ),
        ).toBe(one);
      }),
    );
  });

  it('moves only what a host had when it goes', () => {
    const all = contenders(5);
    const before = choices(all);
    const after = choices(all.slice(1));
    slots.forEach((slot) => {
      if (before[slot] !== 'host-0') expect(after[slot]).toBe(before[slot]);
    });
  });

  it('spreads slots evenly, and by weight', () => {
    for (let count = 2; count <= 8; count++) {
      const chosen = choices(contenders(count));
      for (const { id } of contenders(count)) {
        const share = chosen.filter((each) => each === id).length;
        expect(share / (slotCount / count)).toBeGreaterThan(0.65);
        expect(share / (slotCount / count)).toBeLessThan(1.35);
      }
    }
    const heavy = choices([...contenders(2), { id: 'heavy', weight: 2 }]).filter((id) => id === 'heavy').length;
    expect(heavy / slotCount).toBeCloseTo(0.5, 1);
  });

  it('chooses nobody where nobody may be chosen', () => {
    expect(chooseOne(1, [])).toBeUndefined();
    expect(chooseOne(1, [{ id: 'a', weight: 0 }])).toBeUndefined();
  });
});

describe('the edge of a line', () => {
  const keys: LineKey[] = Array.from({ length: 3_000 }, (_, n) => lineKey(String(n)));

  it('is one of those that live, evenly, and stays when another edge goes', () => {
    const edges = ['e1', 'e2', 'e3'];
    for (const edge of edges) {
      const share = keys.filter((key) => edgeFor(key, edges) === edge).length;
      expect(share / 1_000).toBeCloseTo(1, 0);
    }
    for (const key of keys) {
      const edge = edgeFor(key, edges);
      if (edge !== 'e2') expect(edgeFor(key, ['e3', 'e1'])).toBe(edge);
    }
    expect(edgeFor(lineKey('1'), [])).toBeUndefined();
  });
});
