import type { Leg } from '../../contracts/decision.ts';
import type { Aspect, LineFacts, MechanismManifest, RouteEvent, RouteVerdict } from '../../contracts/mechanism.ts';
import type { Mutants } from '../kit.ts';
import type { PolicySubject } from '../policy-subject.ts';

/** Says something else of itself. */
const declaring = (good: PolicySubject, change: (manifest: MechanismManifest) => Partial<MechanismManifest>): PolicySubject => {
  const { mechanism } = good;
  const manifest = Object.freeze({ ...mechanism.manifest, ...change(mechanism.manifest) });
  return { ...good, mechanism: { manifest, decide: (facts, event) => mechanism.decide(facts, event) } };
};

type Change = (verdict: RouteVerdict, facts: LineFacts, event: RouteEvent) => RouteVerdict;

/** Decides something else. */
const deciding = (good: PolicySubject, change: Change): PolicySubject => {
  const { mechanism } = good;
  return {
    ...good,
    mechanism: { manifest: mechanism.manifest, decide: (facts, event) => change(mechanism.decide(facts, event), facts, event) },
  };
};

const sendingTo = ({ rule, source }: RouteVerdict, leg: Leg): RouteVerdict => ({ next: 'send', leg, rule, source });
const statusOf = (event: RouteEvent): number | undefined => (event.type === 'request.failed' ? event.status : undefined);

/** Counts what it is asked: nothing that a pure function could know. */
const counting = (): (() => number) => {
  let count = 0;
  return () => ++count;
};

/** Each breaks one rule of a good subject; the key is the case that must catch it. */
export const policyMutants: Mutants<PolicySubject> = {
  'describes itself': (good) => ({
    ...good,
    mechanism: { decide: good.mechanism.decide, manifest: { ...good.mechanism.manifest } },
  }),

  'is turned on by a line': (good) => declaring(good, () => ({ claims: () => [] })),

  'claims the same of equal lines': (good) => {
    const count = counting();
    return declaring(good, ({ claims }) => ({
      claims: (line) => claims(line).map((claim) => ({ ...claim, because: `${claim.because} (${count()})` })),
    }));
  },

  'claims known aspects, each once, with its reason and its remedy': (good) =>
    declaring(good, ({ claims }) => ({
      claims: (line) => claims(line).map((claim, i) => (i === 0 ? { ...claim, aspect: 'weather' as Aspect } : claim)),
    })),

  'contradicts itself in no relation': (good) =>
    declaring(good, ({ name }) => ({ excludes: [{ mechanism: name, because: 'one is enough', remedy: 'none' }] })),

  'is refused together with a rival, from either side': (good) => declaring(good, () => ({ holds: true })),

  'stays in force against a rival, from either side': (good) => {
    const { holds: _, ...manifest } = good.mechanism.manifest;
    return { ...good, mechanism: { ...good.mechanism, manifest: Object.freeze(manifest) } };
  },

  'decides on every status, timeout, transport failure and mark': (good) =>
    deciding(good, (verdict, _, event) => (statusOf(event) === 599 ? (undefined as unknown as RouteVerdict) : verdict)),

  'changes nothing it is given': (good) =>
    deciding(good, (verdict, facts) => {
      Object.assign(facts, { nowMs: facts.nowMs });
      return verdict;
    }),

  'decides the same of the same': (good) => {
    const count = counting();
    return deciding(good, (verdict) => ({ ...verdict, rule: `${verdict.rule}/${count()}` }));
  },

  'names only servers that are there': (good) =>
    deciding(good, (verdict) => (verdict.next === 'refuse' ? sendingTo(verdict, 'backup' as Leg) : verdict)),

  'sends no request to a server twice': (good) =>
    deciding(good, (verdict, _, event) =>
      event.type === 'request.failed' && event.status === 503 ? sendingTo(verdict, event.tried[0] ?? 'primary') : verdict,
    ),

  'lets nothing wait for less than no time, or for ever': (good) =>
    deciding(good, (verdict) => (verdict.next === 'queue' ? { ...verdict, forMs: Number.POSITIVE_INFINITY } : verdict)),

  'refuses with a final status and a reason': (good) =>
    deciding(good, (verdict) => (verdict.next === 'refuse' ? { ...verdict, status: 200 } : verdict)),

  'asks only for what a line can do': (good) =>
    deciding(good, (verdict, _, { method }) => {
      const { rule, source } = verdict;
      return verdict.next === 'refuse' && method === 'INVITE' ? { next: 'queue', forMs: 5_000, rule, source } : verdict;
    }),

  'gives every verdict a rule and a source': (good) => deciding(good, (verdict) => ({ ...verdict, source: '' })),

  'stays with a server while nothing but time passes': (good) =>
    deciding(good, (verdict, { nowMs, candidates }, { type }) =>
      type === 'request.new' && verdict.next === 'send' && candidates.length > 1
        ? sendingTo(verdict, nowMs % 2 === 0 ? 'primary' : 'alternate')
        : verdict,
    ),
};
