import { describe, expect, it } from 'vitest';
import type { Mechanism, MechanismManifest, RouteVerdict } from '../contracts/mechanism.ts';
import { casesFor, runCase, runKit } from './kit.ts';
import { policyMutants } from './mutants/policy.ts';
import { policyKit } from './policy-kit.ts';
import { type PolicySubject, policySubject } from './policy-subject.ts';

/** Sends to the first server that is bound and was not tried, and says so. */
function createFirstBound(holds: boolean): Mechanism {
  const said = { rule: 'first-bound', source: 'the kit' };
  return {
    manifest: Object.freeze<MechanismManifest>({
      name: 'first-bound',
      kind: 'mechanism',
      api: 1,
      title: 'First bound',
      ...(holds ? { holds: true as const } : {}),
      claims: ({ ext }) =>
        ext.xMechanism === 'first-bound' ? [{ aspect: 'route', hold: 'exclusive', because: 'it routes', remedy: 'auto' }] : [],
    }),
    decide({ candidates }, event): RouteVerdict {
      const tried = event.type === 'request.failed' ? event.tried : [];
      const found = candidates.find(({ bound, leg }) => bound && !tried.includes(leg));
      if (found !== undefined) return { next: 'send', leg: found.leg, ...said };
      if (event.type === 'request.failed') return { next: 'deliver', ...said };
      return event.method === 'INVITE'
        ? { next: 'refuse', status: 480, reason: 'not-registered', ...said }
        : { next: 'queue', forMs: 32_000, ...said };
    },
  };
}

const kinds = ['yields', 'holds'] as const;
const subjectOf = (kind: (typeof kinds)[number]): PolicySubject => policySubject(createFirstBound(kind === 'holds'));

describe.each(kinds)('a mechanism that %s', (kind) => runKit(policyKit, it, async () => subjectOf(kind), [kind]));

describe('the policy kit', () => {
  it('has a mutant for every case and a case for every mutant', () => {
    expect(Object.keys(policyMutants).sort()).toEqual(policyKit.map(({ name }) => name).sort());
  });

  it('names each case once, with its source', () => {
    expect(new Set(policyKit.map(({ name }) => name)).size).toBe(policyKit.length);
    expect(policyKit.every(({ source }) => source.length > 0)).toBe(true);
  });

  it('leaves no case out for both kinds of mechanism together', () => {
    expect(new Set(kinds.flatMap((kind) => casesFor(policyKit, [kind]))).size).toBe(policyKit.length);
  });

  it.each(policyKit)('catches what breaks, by that case alone: $name', async ({ name, needs = [] }) => {
    const kind = needs.includes('holds') ? 'holds' : 'yields';
    const caught: string[] = [];
    for (const one of casesFor(policyKit, [kind])) {
      const mutant = policyMutants[name]?.(subjectOf(kind)) ?? subjectOf(kind);
      await runCase(one, async () => mutant).catch(() => caught.push(one.name));
    }
    expect(caught).toEqual([name]);
  });
});
