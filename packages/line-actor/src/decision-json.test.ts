import { type CandidateMark, type Decision, encodeJson, lineConfig, systemAmbient } from '@offhook/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createDecisionLog, type DecisionDraft } from './decision.ts';
import type { LegIdentity } from './identity.ts';
import { markUp, outcomeAt } from './shared-words.ts';

const identity: LegIdentity = {
  leg: 'primary',
  target: { host: 'a"b\\ü.example', protocol: 'udp' },
  server: 'a"b\\ü.example:5060;udp',
  domain: 'example.net',
  routes: [],
};

/** Anything a text may hold: quotes, controls, lone surrogates. */
const text = fc.string({ unit: fc.oneof(fc.constantFrom('"', '\\', '\n', '\u0000', '\u007f', '\u2028', '\ud800'), fc.string()) });
const number = fc.oneof(fc.double(), fc.integer(), fc.constantFrom(-0, Number.NaN, 1_764_097_694_123.25));
const leg = fc.constantFrom('primary' as const, 'alternate' as const);

const mark: fc.Arbitrary<CandidateMark> = fc.oneof(
  fc.tuple(fc.boolean(), fc.boolean()).map(([bound, usable]) => markUp(identity, bound, usable)),
  fc.record({ leg, server: text, state: fc.constantFrom('down' as const), bound: fc.boolean(), usable: fc.boolean() }),
);
const outcome: fc.Arbitrary<Decision['outcome']> = fc.oneof(
  text.map((action) => outcomeAt(identity, action)),
  fc.record({ action: text, status: fc.integer(), reason: text }, { requiredKeys: ['action'] }),
);
const request = fc.record({ method: text, id: text });
const maybe = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> => fc.option(value, { nil: undefined });
const draft = fc.record({
  ...{ about: fc.constantFrom('registration', 'request', 'call', 'inbound'), rule: text, source: text, outcome },
  ...{ request: maybe(request), leg: maybe(leg), next: maybe(fc.record({ what: text, atMs: number })) },
  inputs: fc.dictionary(text, fc.oneof(text, number, fc.boolean())),
}) as fc.Arbitrary<DecisionDraft>;

describe('a decision on the bus', () => {
  it('is what JSON.stringify makes of the decision kept, letter by letter, whatever stands in it and however often', () => {
    fc.assert(
      fc.property(draft, text, number, fc.array(mark, { maxLength: 3 }), (drawn, id, atMs, candidates) => {
        const published: string[] = [];
        const log = createDecisionLog({
          config: lineConfig({ id }),
          ambient: { ...systemAmbient(), now: () => atMs },
          candidates: () => candidates,
          publish: (_, fact) => void published.push(Buffer.from(encodeJson(fact())).toString()),
        });
        log.add(drawn);
        log.add(drawn);
        expect(published).toEqual(log.recent().map((decision) => Buffer.from(JSON.stringify(decision)).toString()));
      }),
      { numRuns: 500 },
    );
  });
});
