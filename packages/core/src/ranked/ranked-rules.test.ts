import { describe, expect, it } from 'vitest';
import type { FallbackPlan, ListFacts, ListSettings, RankedServer } from '../contracts/ranked-list.ts';
import { fallbackPlan } from './fallback-plan.ts';
import { nextServer } from './next-server.ts';

/* Sections 5.6 and 5.7 as arithmetic. Seconds in, seconds out. */

const server = (name: string, rank: number, marks: Partial<RankedServer> = {}): RankedServer => ({
  server: name,
  rank,
  survivability: false,
  ...marks,
});

const settings = (given: Partial<ListSettings> = {}): ListSettings => ({
  fallbackMs: 600_000,
  autoRegister: false,
  clock: 'nominal',
  isStream: false,
  survivabilityMs: 30_000,
  ...given,
});

/** On S2 since 0, registered there since 0 for 3600 s. */
const facts = (given: Partial<ListFacts> = {}, rules: Partial<ListSettings> = {}): ListFacts => ({
  nowMs: 0,
  servers: [server('s1', 0, { downSinceMs: 0 }), server('s2', 1)],
  current: 's2',
  holder: 's2',
  failedOverAtMs: 0,
  heldSinceMs: 0,
  expiryMs: 3_600_000,
  expiresAtMs: 3_600_000,
  refreshAtMs: 2_795_520,
  refreshPeriodMs: 2_795_520,
  settings: settings(rules),
  ...given,
});

const short = (plan: FallbackPlan): string =>
  plan.action === 'stay' ? `stay ${plan.rule}` : `${plan.action} ${plan.servers.join(' ')} at ${plan.atMs / 1000} ${plan.rule}`;

describe('5.7 the fallback instant', () => {
  const down = (atS: number) => [server('s1', 0, { downSinceMs: atS * 1000 }), server('s2', 1)];
  const refresh = { clock: 'refresh', autoRegister: true, fallbackMs: 60_000 } as const;

  it.each<[name: string, given: Partial<ListFacts>, rules: Partial<ListSettings>, expected: string]>([
    ['AR = No: the interval', {}, {}, 'flip s1 at 600 5.7:interval'],
    ['AR = No: the end of the registration comes first', { expiryMs: 300_000 }, {}, 'flip s1 at 300 5.7:registration-ends'],
    [
      'AR = Yes: the first period whose end is not before it',
      {},
      { autoRegister: true },
      'recover s1 at 3600 5.7:registration-period',
    ],
    [
      'AR = Yes, ≥ is inclusive (RED-06)',
      { expiryMs: 300_000 },
      { autoRegister: true, fallbackMs: 900_000 },
      'recover s1 at 900 5.7:registration-period',
    ],
    ['RED-15 refresh clock, down at 100: that refresh', { servers: down(100) }, refresh, 'recover s1 at 2795.52 5.7:refresh'],
    ['RED-16 down 35.52 s before it: the next one', { servers: down(2760) }, refresh, 'recover s1 at 5591.04 5.7:refresh'],
    [
      'RED-17 refresh clock over a stream: the interval alone',
      { servers: down(1000) },
      { ...refresh, isStream: true },
      'recover s1 at 1060 5.7:interval',
    ],
    ['RED-18, D-09 PFI 0: never', {}, { fallbackMs: 0 }, 'stay 5.7:no-interval'],
    ['refresh clock, AR = No: the interval', {}, { clock: 'refresh' }, 'flip s1 at 600 5.7:interval'],
    [
      'refresh clock, AR = No: the binding that is held ends first',
      { expiresAtMs: 300_000 },
      { clock: 'refresh' },
      'flip s1 at 300 5.7:registration-ends',
    ],
    ['D-25 no registration at all', { expiryMs: Number.POSITIVE_INFINITY }, {}, 'flip s1 at 600 5.7:interval'],
    [
      'D-22 not before its Retry-After is over',
      { servers: [server('s1', 0, { downSinceMs: 0, notBeforeMs: 700_000 }), server('s2', 1)] },
      {},
      'flip s1 at 700 5.7:interval',
    ],
    [
      'RED-103 equals: there is no way back between them',
      { servers: [server('s1', 0, { downSinceMs: 0 }), server('s2', 0)] },
      {},
      'stay 5.7:on-top',
    ],
    [
      'the best one that can be had first: S2 before S1, which failed later',
      {
        servers: [...down(500).slice(0, 1), server('s2', 1, { downSinceMs: 100_000 }), server('s3', 2)],
        current: 's3',
        holder: 's3',
      },
      {},
      'flip s2 at 700 5.7:interval',
    ],
    [
      'RED-128 out of the gateway tier: all normal servers, top-down, every 30 s',
      { servers: [...down(0), server('gw', 2, { survivability: true })], current: 'gw', holder: 'gw', nowMs: 70_000 },
      {},
      'recover s1 s2 at 90 5.7:survivability',
    ],
  ])('%s', (_, given, rules, expected) => {
    expect(short(fallbackPlan(facts(given, rules)))).toBe(expected);
  });
});

describe('5.6 the next server', () => {
  const six = (aDownS: number, pfiS: number, nowS: number): ListFacts =>
    facts(
      {
        nowMs: nowS * 1000,
        servers: ['a', 'b', 'c', 'd', 'e', 'f'].map((name, rank) =>
          server(name, rank, name === 'a' ? { downSinceMs: aDownS * 1000 } : name === 'b' ? { downSinceMs: nowS * 1000 } : {}),
        ),
        current: 'b',
      },
      { fallbackMs: pfiS * 1000 },
    );

  /** Every server fails in its turn, at once. */
  function order(list: ListFacts): string {
    const tried = ['b'];
    for (;;) {
      const verdict = nextServer(list, { method: 'INVITE', outcome: 'rsc', tried });
      if (verdict.next === 'exhausted') return tried.slice(1).join(' ');
      tried.push(verdict.server);
    }
  }

  it('RED-53 PFI 0: from the top, those that are DOWN included', () => expect(order(six(0, 0, 10))).toBe('a c d e f'));
  it('RED-54 PFI 60, a down for 10 s', () => expect(order(six(0, 60, 10))).toBe('c d e f'));
  it('RED-55 PFI 60, a down for 61 s', () => expect(order(six(0, 60, 61))).toBe('a c d e f'));
  it('D-22 a Retry-After keeps a server out, whatever PFI is', () => {
    const blocked = facts({ servers: [server('s1', 0, { notBeforeMs: 5_000 }), server('s2', 1)] }, { fallbackMs: 0 });
    expect(nextServer(blocked, { method: 'REGISTER', outcome: 'rsc', tried: ['s2'] }).next).toBe('exhausted');
  });
});
