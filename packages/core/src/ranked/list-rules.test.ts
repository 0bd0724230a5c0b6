import { describe, expect, it } from 'vitest';
import type { CandidateMark } from '../contracts/decision.ts';
import type { LineFacts, RouteEvent } from '../contracts/mechanism.ts';
import type { ListFacts } from '../contracts/ranked-list.ts';
import { decideOnList } from './list-rules.ts';

const servers = ['a', 'b', 'c'].map((name, rank) => ({ server: `${name}:5060;udp`, rank, survivability: false }));
const [a, b, c] = servers.map(({ server }) => server) as [string, string, string];

const settings = {
  fallbackMs: 3_600_000,
  autoRegister: false,
  clock: 'nominal',
  isStream: false,
  survivabilityMs: 30_000,
} as const;

const list = (given: Partial<ListFacts> = {}): ListFacts => ({ nowMs: 0, servers, current: a, settings, ...given });

interface Line {
  readonly bound?: readonly string[];
  readonly registers?: boolean;
  readonly makeCallWithoutReg?: boolean;
  readonly list?: ListFacts;
}

const facts = ({ bound = [], registers = true, makeCallWithoutReg = false, list: own = list() }: Line): LineFacts => ({
  nowMs: 0,
  candidates: own.servers.map(
    ({ server, rank }): CandidateMark => ({
      leg: 'primary',
      server,
      state: 'up',
      rank,
      bound: bound.includes(server),
      usable: bound.includes(server),
    }),
  ),
  makeCallWithoutReg,
  registers,
  list: own,
});

const invite: RouteEvent = { type: 'request.new', method: 'INVITE' };
const failed = (tried: readonly string[], more: Partial<Extract<RouteEvent, { type: 'request.failed' }>> = {}): RouteEvent => ({
  type: 'request.failed',
  method: 'INVITE',
  tried: ['primary'],
  servers: tried,
  outcome: 'no-response',
  ...more,
});

describe('a new request of a list line (6.7)', () => {
  it('goes to the current server while a registration is bound, wherever that is held', () => {
    const sent = { next: 'send', leg: 'primary', server: b, rule: '6.7:registered' };
    expect(decideOnList(facts({ bound: [a], list: list({ current: b, holder: a }) }), invite)).toMatchObject(sent);
  });

  it.each<[string, Line, RouteEvent, object]>([
    ['Register is No', { registers: false }, invite, { next: 'send', server: a, rule: '6.7:register-no' }],
    [
      'Make Call Without Reg',
      { makeCallWithoutReg: true },
      invite,
      { next: 'send', server: a, rule: '6.4:none-registered/mcwr' },
    ],
    ['RED-120 a call', {}, invite, { next: 'refuse', status: 480, reason: 'not-registered', rule: '6.7:not-registered' }],
    ['another request', {}, { type: 'request.new', method: 'MESSAGE' }, { next: 'queue', forMs: 32_000 }],
  ])('without a registration: %s', (_, line, event, expected) => {
    expect(decideOnList(facts(line), event)).toMatchObject(expected);
  });
});

describe('a request that failed on a list line (6.2)', () => {
  it('RED-51 goes on to the next server at once, without a registration there', () => {
    const verdict = decideOnList(facts({ bound: [a] }), failed([a]));
    expect(verdict).toMatchObject({ next: 'send', leg: 'primary', server: b });
    expect(verdict).not.toHaveProperty('register');
  });

  it('RED-50 registers there first with Auto Register When Failover (D-15)', () => {
    const own = list({ settings: { ...settings, autoRegister: true } });
    expect(decideOnList(facts({ bound: [a], list: own }), failed([a]))).toMatchObject({ server: b, register: true });
  });

  it('RED-39 a status that Try Backup RSC does not name is delivered', () => {
    expect(decideOnList(facts({ bound: [a] }), failed([a], { outcome: 'reject', status: 503 }))).toMatchObject({
      next: 'deliver',
    });
  });

  it('RED-113 is delivered when it has been everywhere', () => {
    expect(decideOnList(facts({ bound: [a] }), failed([a, b, c]))).toMatchObject({ next: 'deliver' });
  });

  it('follows the rule it is given', () => {
    const last = {
      next: () => ({ next: 'move', server: c, rule: 'last', source: 'test' }) as const,
      fallback: () => expect.unreachable('nobody asked'),
    };
    expect(decideOnList(facts({ bound: [a] }), failed([a]), last)).toMatchObject({ server: c, rule: 'last' });
  });
});

describe('a line whose list is not there yet', () => {
  const { list: _, ...single } = facts({});
  const bound = { ...single, candidates: single.candidates.slice(0, 1).map((mark) => ({ ...mark, bound: true })) };

  it('has one server', () => {
    expect(decideOnList(bound, invite)).toEqual({
      next: 'send',
      leg: 'primary',
      rule: '6.7:registered',
      source: 'redundancy 6.7',
    });
    expect(decideOnList(bound, failed([a]))).toMatchObject({ next: 'deliver', rule: '6.4:single/no-other-server' });
  });
});
