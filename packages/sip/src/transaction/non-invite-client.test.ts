import type { FlowFailure } from '@offhook/core';
import { describe, expect, it } from 'vitest';
import type { SipResponse } from '../codec/message.ts';
import { report, send } from './client-machine.ts';
import { type NonInviteClientState, nonInviteClient } from './non-invite-client.ts';
import { arm, disarm, end } from './step.ts';
import { defaultSipTimers, timingOf } from './timing.ts';

const datagram = timingOf(defaultSipTimers, false);
const stream = timingOf(defaultSipTimers, true);
const response = (status: number) => ({ status }) as SipResponse;
const failure = { reason: 'refused' } as FlowFailure;
const trying: NonInviteClientState = { name: 'trying', intervalMs: 500 };
const proceeding: NonInviteClientState = { name: 'proceeding', intervalMs: 500 };
const completed: NonInviteClientState = { name: 'completed', intervalMs: 500 };
const terminated: NonInviteClientState = { name: 'terminated', intervalMs: 500 };

describe('the non-INVITE client machine', () => {
  it('begins by sending, then arms E and F; only F over a stream', () => {
    expect(nonInviteClient.begin(datagram)).toEqual({ state: trying, effects: [send, arm('E', 500), arm('F', 16_000)] });
    expect(nonInviteClient.begin(stream)).toEqual({ state: trying, effects: [send, arm('F', 16_000)] });
  });

  it('doubles Timer E up to T2 in trying', () => {
    let state = trying;
    const waits: number[] = [];
    for (let i = 0; i < 6; i++) {
      const next = nonInviteClient.next(datagram, state, { type: 'timer', timer: 'E' });
      expect(next.effects).toEqual([send, arm('E', next.state.intervalMs)]);
      state = next.state;
      waits.push(state.intervalMs);
    }
    expect(waits).toEqual([1000, 2000, 4000, 4000, 4000, 4000]);
  });

  it('repeats Timer E at T2 in proceeding', () => {
    expect(nonInviteClient.next(datagram, proceeding, { type: 'timer', timer: 'E' })).toEqual({
      state: { ...proceeding, intervalMs: 4000 },
      effects: [send, arm('E', 4000)],
    });
  });

  it.each([trying, proceeding])('in $name reports a 1xx and leaves its timers alone', (state) => {
    expect(nonInviteClient.next(datagram, state, { type: 'response', response: response(100) })).toEqual({
      state: proceeding,
      effects: [report({ type: 'provisional', response: response(100) })],
    });
  });

  it.each([trying, proceeding])('in $name turns to completed on a final response: timers first, report last', (state) => {
    const final = report({ type: 'final', response: response(403) });
    expect(nonInviteClient.next(datagram, state, { type: 'response', response: response(403) })).toEqual({
      state: completed,
      effects: [disarm('E'), disarm('F'), arm('K', 5000), final],
    });
    expect(nonInviteClient.next(stream, state, { type: 'response', response: response(403) })).toEqual({
      state: terminated,
      effects: [end, final],
    });
  });

  it.each([trying, proceeding])('in $name ends on Timer F, a failed flow, and when abandoned', (state) => {
    expect(nonInviteClient.next(datagram, state, { type: 'timer', timer: 'F' })).toEqual({
      state: terminated,
      effects: [end, report({ type: 'no-response', timer: 'F' })],
    });
    expect(nonInviteClient.next(datagram, state, { type: 'transport', failure })).toEqual({
      state: terminated,
      effects: [end, report({ type: 'transport', failure })],
    });
    expect(nonInviteClient.next(datagram, state, { type: 'abandon' })).toEqual({ state: terminated, effects: [end] });
  });

  it('waits in completed for nothing but Timer K', () => {
    expect(nonInviteClient.next(datagram, completed, { type: 'timer', timer: 'K' })).toEqual({
      state: terminated,
      effects: [end],
    });
    expect(nonInviteClient.next(datagram, completed, { type: 'response', response: response(200) }).effects).toEqual([]);
  });
});
