import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lineConfig } from '../config/line.ts';
import type { Aspect, Claim, MechanismManifest, Relation } from '../contracts/mechanism.ts';
import { aspectNames } from './aspects.ts';
import { knownMechanisms } from './known.ts';
import { type Admission, admit } from './registry.ts';

const line = lineConfig({ id: '1', ext: { userId: '1', proxy: 'a' } });
const relation = (mechanism: string): Relation => ({ mechanism, because: `about ${mechanism}`, remedy: `drop ${mechanism}` });

interface Sketch {
  readonly name: string;
  readonly claims: readonly Pick<Claim, 'aspect' | 'hold'>[];
  readonly holds?: boolean;
  readonly excludes?: readonly string[];
  readonly requires?: readonly string[];
  readonly complements?: readonly string[];
}

const manifest = ({ name, claims, holds, excludes = [], requires = [], complements = [] }: Sketch): MechanismManifest => ({
  name,
  kind: 'mechanism',
  api: 1,
  title: name.toUpperCase(),
  claims: () => claims.map((claim) => ({ ...claim, because: `${name} rules ${claim.aspect}`, remedy: `turn ${name} off` })),
  ...(holds ? { holds: true as const } : {}),
  excludes: excludes.map(relation),
  requires: requires.map(relation),
  complements: complements.map(relation),
});

const exclusive = (...aspects: readonly Aspect[]) => aspects.map((aspect) => ({ aspect, hold: 'exclusive' as const }));
const shared = (...aspects: readonly Aspect[]) => aspects.map((aspect) => ({ aspect, hold: 'shared' as const }));
const summary = ({ enabled, refused, conflicts }: Admission) => ({
  enabled: enabled.map(({ name }) => name),
  refused: refused.map(({ manifest: { name } }) => name),
  conflicts: conflicts.map(
    ({ kind, aspect, sides }) =>
      `${kind}${aspect === undefined ? '' : ` ${aspect}`}: ${sides.map(({ mechanism }) => mechanism).join(' ')}`,
  ),
});
const admitted = (...sketches: readonly Sketch[]) => summary(admit(sketches.map(manifest), line));

describe('the policy registry', () => {
  it('enables mechanisms that rule different things, or share one', () => {
    expect(admitted({ name: 'b', claims: exclusive('route') }, { name: 'a', claims: exclusive('recovery') })).toEqual({
      enabled: ['a', 'b'],
      refused: [],
      conflicts: [],
    });
    expect(admitted({ name: 'a', claims: shared('route') }, { name: 'b', claims: shared('route') }).enabled).toEqual(['a', 'b']);
  });

  it('leaves out a mechanism that claims nothing on this line', () => {
    expect(admitted({ name: 'a', claims: [] }, { name: 'b', claims: exclusive('route'), excludes: ['a'] })).toEqual({
      enabled: ['b'],
      refused: [],
      conflicts: [],
    });
  });

  it('lets none win between two that clash', () => {
    expect(
      admitted(
        { name: 'b', claims: exclusive('route', 'recovery') },
        { name: 'a', claims: [...shared('route'), ...exclusive('recovery')] },
      ),
    ).toEqual({
      enabled: [],
      refused: ['a', 'b'],
      conflicts: ['aspect route: a b', 'aspect recovery: a b'],
    });
  });

  it('keeps the one that holds', () => {
    expect(
      admitted({ name: 'a', claims: exclusive('route') }, { name: 'b', claims: exclusive('route'), holds: true }),
    ).toMatchObject({ enabled: ['b'], refused: ['a'] });
    expect(
      admitted({ name: 'a', claims: exclusive('route'), holds: true }, { name: 'b', claims: exclusive('route'), holds: true })
        .enabled,
    ).toEqual([]);
  });

  it('honours an exclusion that only one side declares', () => {
    expect(
      admitted({ name: 'a', claims: exclusive('route') }, { name: 'b', claims: exclusive('recovery'), excludes: ['a'] }),
    ).toEqual({
      enabled: [],
      refused: ['a', 'b'],
      conflicts: ['excludes: a b'],
    });
  });

  it('lets claims stand together only when both sides say so', () => {
    const a = { name: 'a', claims: exclusive('route'), complements: ['b'] };
    expect(admitted(a, { name: 'b', claims: exclusive('route'), complements: ['a'] }).enabled).toEqual(['a', 'b']);
    expect(admitted(a, { name: 'b', claims: exclusive('route') }).enabled).toEqual([]);
  });

  it('refuses what lacks something it requires, and what required that in turn', () => {
    const chain = [
      { name: 'a', claims: exclusive('bindings'), requires: ['b'] },
      { name: 'b', claims: exclusive('route'), requires: ['c', 'd'] },
      { name: 'd', claims: exclusive('subscriptions') },
    ];
    expect(admitted(...chain)).toEqual({ enabled: ['d'], refused: ['a', 'b'], conflicts: ['requires: a b', 'requires: b c'] });
    expect(admitted(...chain, { name: 'c', claims: exclusive('recovery') }).enabled).toEqual(['a', 'b', 'c', 'd']);
  });

  it('gives each side its sentence and remedy', () => {
    const { conflicts, refused } = admit(
      [manifest({ name: 'a', claims: exclusive('route') }), manifest({ name: 'b', claims: exclusive('route') })],
      line,
    );
    expect(conflicts[0]?.sides).toEqual([
      { mechanism: 'a', title: 'A', because: 'a rules route', remedy: 'turn a off' },
      { mechanism: 'b', title: 'B', because: 'b rules route', remedy: 'turn b off' },
    ]);
    expect(refused.map((refusal) => refusal.conflicts)).toEqual([conflicts, conflicts]);
  });

  it('blames the plugin whose claims fail', () => {
    const broken = { ...manifest({ name: 'broken', claims: [] }), claims: () => JSON.parse('{') };
    expect(() => admit([broken], line)).toThrow(
      expect.objectContaining({ code: 'E_PLUGIN_INVALID', message: expect.stringContaining('broken') }),
    );
  });

  it('names no mechanism in its code', () => {
    const source = readFileSync(new URL('./registry.ts', import.meta.url), 'utf8').toLowerCase();
    const words = knownMechanisms.flatMap(({ name, title }) => [name, title.toLowerCase(), name.replaceAll('-', '')]);
    expect(words.length).toBeGreaterThan(0);
    expect([...words, 'srv', 'broadsoft', 'broadworks', 'dual'].filter((word) => source.includes(word))).toEqual([]);
  });
});

const names = ['a', 'b', 'c', 'd', 'e', 'f'];
const claim = fc.record({
  aspect: fc.constantFrom(...aspectNames),
  hold: fc.constantFrom('exclusive' as const, 'shared' as const),
});
const sketch = (name: string) =>
  fc.record({
    name: fc.constant(name),
    claims: fc.uniqueArray(claim, { selector: ({ aspect }) => aspect, maxLength: 4 }),
    holds: fc.boolean(),
    excludes: fc.subarray(
      names.filter((other) => other !== name),
      { maxLength: 2 },
    ),
    requires: fc.subarray(
      names.filter((other) => other !== name),
      { maxLength: 1 },
    ),
    complements: fc.subarray(names.filter((other) => other !== name)),
  });
const world = fc.subarray(names).chain((chosen) => fc.tuple(...chosen.map(sketch))) as fc.Arbitrary<readonly Sketch[]>;

describe('for any manifests, the policy registry', () => {
  it('does not depend on their order', () => {
    const shuffled = world.chain((sketches) =>
      fc.tuple(fc.constant(sketches), fc.shuffledSubarray([...sketches], { minLength: sketches.length })),
    );
    fc.assert(
      fc.property(shuffled, ([sketches, other]) => {
        expect(admitted(...other)).toEqual(admitted(...sketches));
      }),
      { numRuns: 300 },
    );
  });

  it('lists every clash of every pair, and nothing else', () => {
    const expected = (sketches: readonly Sketch[]): readonly string[] => {
      const active = sketches.filter(({ claims }) => claims.length > 0);
      return active.flatMap((a) =>
        active
          .filter((b) => a.name < b.name)
          .flatMap((b) => {
            const both = `${a.name} ${b.name}`;
            const excluded = a.excludes?.includes(b.name) || b.excludes?.includes(a.name) ? [`excludes: ${both}`] : [];
            if (a.complements?.includes(b.name) && b.complements?.includes(a.name)) return excluded;
            const clashing = aspectNames.filter((aspect) => {
              const holds = [a, b].map(({ claims }) => claims.find((candidate) => candidate.aspect === aspect)?.hold);
              return !holds.includes(undefined) && holds.includes('exclusive');
            });
            return [...excluded, ...clashing.map((aspect) => `aspect ${aspect}: ${both}`)];
          }),
      );
    };
    fc.assert(
      fc.property(world, (sketches) => {
        const listed = admitted(...sketches).conflicts.filter((conflict) => !conflict.startsWith('requires'));
        expect([...listed].sort()).toEqual([...expected(sketches)].sort());
      }),
      { numRuns: 300 },
    );
  });

  it('treats both sides of a clash alike unless one of them holds', () => {
    fc.assert(
      fc.property(world, (sketches) => {
        const { refused, conflicts } = admitted(...sketches);
        const holder = new Set(sketches.filter(({ holds }) => holds).map(({ name }) => name));
        for (const conflict of conflicts.filter((text) => !text.startsWith('requires'))) {
          const [a = '', b = ''] = conflict.split(': ')[1]?.split(' ') ?? [];
          const losers = holder.has(a) === holder.has(b) ? [a, b] : holder.has(a) ? [b] : [a];
          expect(refused).toEqual(expect.arrayContaining(losers));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('enables only what goes together and has what it needs, and refuses nothing without a reason', () => {
    fc.assert(
      fc.property(world, (sketches) => {
        const { enabled, refused, conflicts } = admitted(...sketches);
        const pairs = conflicts.map((conflict) => conflict.split(': ')[1]?.split(' ') ?? []);
        expect(pairs.filter((pair) => pair.every((name) => enabled.includes(name)))).toEqual([]);
        expect(refused.filter((name) => !pairs.some((pair) => pair.includes(name)))).toEqual([]);
        const needs = sketches.filter(({ name }) => enabled.includes(name)).flatMap(({ requires = [] }) => requires);
        expect(needs.filter((name) => !enabled.includes(name))).toEqual([]);
        const active = sketches.filter(({ claims }) => claims.length > 0).map(({ name }) => name);
        expect([...enabled, ...refused].sort()).toEqual(active.sort());
      }),
      { numRuns: 300 },
    );
  });
});
