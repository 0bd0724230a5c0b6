import type { LineFacts, Mechanism, RouteVerdict } from '../contracts/mechanism.ts';
import type { PolicyCase } from './policy-claim-cases.ts';
import { type Situation, situations } from './policy-subject.ts';

/** What `decide` answers; undefined when it fails, which is the business of one case alone. */
function verdictOn(mechanism: Mechanism, { facts, event }: Situation): RouteVerdict | undefined {
  try {
    return mechanism.decide(facts, event) ?? undefined;
  } catch {
    return undefined;
  }
}

const asText = (value: unknown): string => JSON.stringify(value) ?? String(value);

/** @throws Error with the sentence and the question it was broken by */
function broken(sentence: string, { facts, event }: Situation, verdict: unknown): never {
  throw new Error(`${sentence}. Asked: ${asText(event)} with ${asText(facts)}. Answered: ${asText(verdict)}`);
}

type Fault = (verdict: RouteVerdict, situation: Situation, mechanism: Mechanism) => string | undefined;

/** A rule of every single verdict: `fault` says how it is broken. */
const everyVerdict = (name: string, source: string, fault: Fault): PolicyCase => ({
  name,
  source,
  async run(subject) {
    const { mechanism } = subject;
    for (const situation of situations(subject)) {
      const verdict = verdictOn(mechanism, situation);
      const sentence = verdict && fault(verdict, situation, mechanism);
      if (sentence !== undefined) broken(sentence, situation, verdict);
    }
  },
});

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) Object.values(Object.freeze(value)).forEach(freeze);
  return value;
}

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
const nexts: readonly unknown[] = ['send', 'refuse', 'queue', 'deliver'];

const sameVerdict = (a: RouteVerdict, b: RouteVerdict): boolean =>
  Object.keys(a).length === Object.keys(b).length &&
  Object.entries(a).every(([key, value]) => Object.is(value, (b as unknown as Record<string, unknown>)[key]));

/** Now, and ever longer steps of up to half a minute; no block ends meanwhile. */
const steps = [0, ...Array.from({ length: 15 }, (_, i) => 2 ** i)];

/** The servers that the same new request would be sent to as time passes, without repetitions in a row. */
function stationsOf(mechanism: Mechanism, facts: LineFacts, event: Situation['event']): readonly string[] {
  const legs = steps.flatMap((stepMs) => {
    const verdict = verdictOn(mechanism, { facts: { ...facts, nowMs: facts.nowMs + stepMs }, event });
    return verdict?.next === 'send' ? [verdict.leg] : [];
  });
  return legs.filter((leg, i) => leg !== legs[i - 1]);
}

const contract = 'Mechanism contract';
const table = 'redundancy 6.4';

/** What a mechanism answers. */
export const decideCases: readonly PolicyCase[] = [
  {
    name: 'decides on every status, timeout, transport failure and mark',
    source: 'redundancy 5.8, 6.4',
    async run(subject) {
      for (const situation of situations(subject)) {
        const verdict = subject.mechanism.decide(situation.facts, situation.event);
        if (!nexts.includes(verdict?.next)) broken('a verdict is one of send, refuse, queue and deliver', situation, verdict);
      }
    },
  },

  {
    name: 'changes nothing it is given',
    source: contract,
    async run(subject) {
      const { mechanism } = subject;
      for (const situation of situations(subject)) {
        if (verdictOn(mechanism, freeze(situation)) !== undefined) continue;
        const thawed = verdictOn(mechanism, structuredClone(situation));
        if (thawed !== undefined) broken('facts and events may be frozen', situation, thawed);
      }
    },
  },

  everyVerdict('decides the same of the same', contract, (verdict, { facts, event }, mechanism) => {
    const again = verdictOn(mechanism, { facts: { ...facts }, event: { ...event } });
    return again !== undefined && sameVerdict(verdict, again)
      ? undefined
      : `decide is pure; asked again it says ${asText(again)}`;
  }),

  everyVerdict('names only servers that are there', contract, (verdict, { facts }) =>
    verdict.next !== 'send' || facts.candidates.some(({ leg }) => leg === verdict.leg)
      ? undefined
      : `the line has no ${verdict.leg} leg`,
  ),

  everyVerdict('sends no request to a server twice', 'redundancy 5.6, 6.4', (verdict, { event }) =>
    verdict.next === 'send' && event.type === 'request.failed' && event.tried.includes(verdict.leg)
      ? `the request has been at the ${verdict.leg} already`
      : undefined,
  ),

  everyVerdict('lets nothing wait for less than no time, or for ever', table, (verdict) =>
    verdict.next !== 'queue' || (Number.isFinite(verdict.forMs) && verdict.forMs >= 0)
      ? undefined
      : `forMs is ${verdict.forMs}; a delay is finite and not below 0`,
  ),

  everyVerdict('refuses with a final status and a reason', 'RFC 3261 section 21', (verdict) =>
    verdict.next !== 'refuse' ||
    (Number.isInteger(verdict.status) && verdict.status >= 300 && verdict.status <= 699 && isText(verdict.reason))
      ? undefined
      : 'a refusal has a status from 300 to 699 and a reason',
  ),

  everyVerdict('asks only for what a line can do', table, ({ next }, { event: { type, method } }) => {
    if (type === 'request.failed')
      return next === 'send' || next === 'deliver' ? undefined : 'what failed is sent on or delivered';
    if (next === 'deliver') return 'there is no failure yet to deliver';
    return next === 'queue' && method === 'INVITE' ? 'a call does not wait in the queue: it is sent or refused' : undefined;
  }),

  everyVerdict('gives every verdict a rule and a source', 'design section 5', ({ rule, source }) =>
    isText(rule) && !/\s/.test(rule) && isText(source) ? undefined : 'a rule is one word, and it comes from somewhere',
  ),

  {
    name: 'stays with a server while nothing but time passes',
    source: 'redundancy 5.7, D-14',
    async run(subject) {
      for (const situation of situations(subject)) {
        if (situation.event.type !== 'request.new') continue;
        const stations = stationsOf(subject.mechanism, situation.facts, situation.event);
        if (new Set(stations).size < stations.length) broken('requests go to and fro between servers', situation, stations);
      }
    },
  },
];
