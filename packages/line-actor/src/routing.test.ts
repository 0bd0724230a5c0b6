import type { CandidateMark, Leg, LineFacts, OutcomeClass, RouteVerdict } from '@offhook/core';
import { describe, expect, it } from 'vitest';
import { routeDual, routeSingle } from './routing.ts';

type LegState = 'usable' | 'bound' | 'off';

const mark = (leg: Leg, state: LegState): CandidateMark => ({
  leg,
  server: `${leg}:5060;udp`,
  state: state === 'usable' ? 'up' : 'down',
  bound: state !== 'off',
  usable: state === 'usable',
});

const facts = (primary: LegState, alternate: LegState, makeCallWithoutReg = false): LineFacts => ({
  nowMs: 0,
  candidates: [mark('primary', primary), mark('alternate', alternate)],
  makeCallWithoutReg,
  registers: true,
});

const short = (verdict: RouteVerdict): string =>
  verdict.next === 'send' ? verdict.leg : verdict.next === 'refuse' ? `${verdict.status} ${verdict.reason}` : verdict.next;
const fresh = (given: LineFacts, method: string): string => short(routeDual(given, { type: 'request.new', method }));
const failed = (given: LineFacts, method: string, tried: Leg[], outcome: OutcomeClass): string =>
  short(routeDual(given, { type: 'request.failed', method, tried, servers: [], outcome }));

describe('dual routing matrix (redundancy 6.4)', () => {
  it.each<[LegState, LegState, boolean, string, string]>([
    ['usable', 'usable', false, 'primary', 'primary'],
    ['usable', 'off', false, 'primary', 'primary'],
    ['off', 'usable', false, 'alternate', 'alternate'],
    ['bound', 'usable', false, 'alternate', 'alternate'],
    ['bound', 'bound', false, 'primary', 'primary'],
    ['off', 'bound', false, 'alternate', 'alternate'],
    ['off', 'off', false, '480 not-registered', 'queue'],
    ['off', 'off', true, 'primary', 'primary'],
  ])('P %s, A %s, Make Call Without Reg %s: INVITE %s, MESSAGE %s', (primary, alternate, mcwr, invite, message) => {
    expect(fresh(facts(primary, alternate, mcwr), 'INVITE')).toBe(invite);
    expect(fresh(facts(primary, alternate, mcwr), 'MESSAGE')).toBe(message);
  });

  it.each<OutcomeClass>(['no-response', 'transport', 'rsc'])('tries the alternate once after %s on the primary', (outcome) => {
    expect(failed(facts('usable', 'usable'), 'INVITE', ['primary'], outcome)).toBe('alternate');
    expect(failed(facts('usable', 'usable'), 'MESSAGE', ['primary'], outcome)).toBe('alternate');
    expect(failed(facts('usable', 'usable'), 'INVITE', ['primary', 'alternate'], outcome)).toBe('deliver');
  });

  it('delivers a reject from the primary, never tried on the alternate (invariant 6)', () => {
    expect(failed(facts('usable', 'usable'), 'INVITE', ['primary'], 'reject')).toBe('deliver');
  });

  it('uses an unregistered alternate only with Make Call Without Reg, and for calls only (D-39)', () => {
    expect(failed(facts('usable', 'off'), 'INVITE', ['primary'], 'no-response')).toBe('deliver');
    expect(failed(facts('usable', 'off', true), 'INVITE', ['primary'], 'no-response')).toBe('alternate');
    expect(failed(facts('usable', 'off', true), 'MESSAGE', ['primary'], 'no-response')).toBe('deliver');
  });

  it('tries P then A when nothing is registered and calls are allowed', () => {
    expect(failed(facts('off', 'off', true), 'INVITE', ['primary'], 'no-response')).toBe('alternate');
    expect(failed(facts('off', 'off', true), 'MESSAGE', ['primary'], 'no-response')).toBe('alternate');
  });

  it('never goes back to the primary after the alternate was used directly', () => {
    expect(failed(facts('off', 'usable'), 'INVITE', ['alternate'], 'transport')).toBe('deliver');
  });

  it('tries the bound legs in order when none is usable (D-38)', () => {
    expect(failed(facts('bound', 'bound'), 'INVITE', ['primary'], 'no-response')).toBe('alternate');
  });
});

describe('single line (redundancy 6.7)', () => {
  const single = (state: LegState, more: Partial<LineFacts> = {}): LineFacts => ({
    ...facts(state, 'off'),
    candidates: [mark('primary', state)],
    ...more,
  });

  it('gates calls on a binding, a failed refresh does not close the gate (D-38)', () => {
    expect(short(routeSingle(single('bound'), { type: 'request.new', method: 'INVITE' }))).toBe('primary');
    expect(short(routeSingle(single('off'), { type: 'request.new', method: 'INVITE' }))).toBe('480 not-registered');
  });

  it('lets a line with Register=No call (D-41)', () => {
    expect(short(routeSingle(single('off', { registers: false }), { type: 'request.new', method: 'INVITE' }))).toBe('primary');
  });

  it('has nowhere else to go', () => {
    const event = { type: 'request.failed', method: 'INVITE', tried: ['primary'], servers: [], outcome: 'no-response' } as const;
    expect(short(routeSingle(single('usable'), event))).toBe('deliver');
  });
});
