import type { FlowFailure } from '@offhook/core';
import { describe, expect, it } from 'vitest';
import type { SipResponse } from '../codec/message.ts';
import { ack, type ClientStimulus, cancel, hangUp, report, send } from './client-machine.ts';
import { type InviteClientState, inviteClient } from './invite-client.ts';
import { arm, disarm, end } from './step.ts';
import { defaultSipTimers, timingOf } from './timing.ts';

const datagram = timingOf(defaultSipTimers, false);
const stream = timingOf(defaultSipTimers, true);
const response = (status: number) => ({ status }) as SipResponse;
const got = (status: number): ClientStimulus => ({ type: 'response', response: response(status) });
const failure = { reason: 'refused' } as FlowFailure;
const in_ = (name: InviteClientState['name'], over: Partial<InviteClientState> = {}): InviteClientState => ({
  name,
  intervalMs: 500,
  cancel: 'no',
  wanted: true,
  ...over,
});
const provisional = (status: number) => report({ type: 'provisional', response: response(status) });
const final = (status: number) => report({ type: 'final', response: response(status) });

describe('the INVITE client machine', () => {
  it('begins by sending, then arms A and B; only B over a stream', () => {
    expect(inviteClient.begin(datagram)).toEqual({ state: in_('calling'), effects: [send, arm('A', 500), arm('B', 16_000)] });
    expect(inviteClient.begin(stream)).toEqual({ state: in_('calling'), effects: [send, arm('B', 16_000)] });
  });

  it('doubles Timer A without a cap', () => {
    const state = in_('calling', { intervalMs: 16_000 });
    expect(inviteClient.next(datagram, state, { type: 'timer', timer: 'A' })).toEqual({
      state: in_('calling', { intervalMs: 32_000 }),
      effects: [send, arm('A', 32_000)],
    });
  });

  it('stops A and B on the first 1xx and arms nothing in their place', () => {
    expect(inviteClient.next(datagram, in_('calling'), got(100))).toEqual({
      state: in_('proceeding'),
      effects: [disarm('A'), disarm('B'), provisional(100)],
    });
    expect(inviteClient.next(stream, in_('calling'), got(100)).effects).toEqual([disarm('B'), provisional(100)]);
  });

  it('sends a wished CANCEL with the first 1xx, before it arms the wait for the outcome', () => {
    expect(inviteClient.next(datagram, in_('calling', { cancel: 'wished' }), got(180))).toEqual({
      state: in_('proceeding', { cancel: 'sent' }),
      effects: [disarm('A'), disarm('B'), cancel, arm('cancel', 32_000), provisional(180)],
    });
  });

  it.each([
    ['calling', in_('calling'), [disarm('A'), disarm('B')]],
    ['proceeding', in_('proceeding'), []],
    ['proceeding after CANCEL', in_('proceeding', { cancel: 'sent' }), [disarm('cancel')]],
  ] as const)('in %s takes a 2xx to accepted and a 3xx-6xx to completed', (_name, state, stopped) => {
    expect(inviteClient.next(datagram, state, got(200))).toEqual({
      state: { ...state, name: 'accepted' },
      effects: [...stopped, arm('M', 32_000), final(200)],
    });
    expect(inviteClient.next(datagram, state, got(486))).toEqual({
      state: { ...state, name: 'completed' },
      effects: [...stopped, ack(response(486)), arm('D', 16_000), final(486)],
    });
  });

  it('ends at once on a 3xx-6xx over a stream, its ACK sent', () => {
    expect(inviteClient.next(stream, in_('proceeding'), got(486))).toEqual({
      state: in_('terminated'),
      effects: [ack(response(486)), end, final(486)],
    });
  });

  it('becomes abandoned on Timer B and on a refused datagram, and reports that once', () => {
    const stopped = [disarm('A'), disarm('B')];
    expect(inviteClient.next(datagram, in_('calling'), { type: 'timer', timer: 'B' })).toEqual({
      state: in_('abandoned', { wanted: false }),
      effects: [...stopped, arm('late', 32_000), report({ type: 'no-response', timer: 'B' })],
    });
    expect(inviteClient.next(datagram, in_('calling'), { type: 'transport', failure })).toEqual({
      state: in_('abandoned', { wanted: false }),
      effects: [...stopped, arm('late', 32_000), report({ type: 'transport', failure })],
    });
    expect(inviteClient.next(stream, in_('calling'), { type: 'transport', failure })).toEqual({
      state: in_('terminated'),
      effects: [end, report({ type: 'transport', failure })],
    });
  });

  it('in abandoned cancels the first 1xx, hangs up a 2xx, acknowledges a 3xx-6xx, and reports none of them', () => {
    const abandoned = in_('abandoned', { wanted: false });
    expect(inviteClient.next(datagram, abandoned, got(180))).toEqual({
      state: { ...abandoned, cancel: 'sent' },
      effects: [cancel, disarm('late'), arm('cancel', 32_000)],
    });
    expect(inviteClient.next(datagram, { ...abandoned, cancel: 'sent' }, got(180)).effects).toEqual([]);
    expect(inviteClient.next(datagram, abandoned, got(200))).toEqual({
      state: { ...abandoned, name: 'accepted' },
      effects: [disarm('late'), hangUp(response(200)), arm('M', 32_000)],
    });
    expect(inviteClient.next(datagram, abandoned, got(487)).effects).toEqual([
      disarm('late'),
      ack(response(487)),
      arm('D', 16_000),
    ]);
  });

  it('in completed acknowledges again, in accepted reports again', () => {
    expect(inviteClient.next(datagram, in_('completed'), got(486)).effects).toEqual([ack(response(486))]);
    expect(inviteClient.next(datagram, in_('completed'), got(200)).effects).toEqual([]);
    expect(inviteClient.next(datagram, in_('accepted'), got(200)).effects).toEqual([final(200)]);
    expect(inviteClient.next(datagram, in_('accepted', { wanted: false }), got(200)).effects).toEqual([hangUp(response(200))]);
  });

  it('cancels once; a CANCEL the user sent himself is only waited for', () => {
    expect(inviteClient.next(datagram, in_('proceeding'), { type: 'cancel', sent: false })).toEqual({
      state: in_('proceeding', { cancel: 'sent' }),
      effects: [cancel, arm('cancel', 32_000)],
    });
    expect(inviteClient.next(datagram, in_('proceeding'), { type: 'cancel', sent: true }).effects).toEqual([
      arm('cancel', 32_000),
    ]);
    expect(inviteClient.next(datagram, in_('proceeding', { cancel: 'sent' }), { type: 'cancel', sent: false }).effects).toEqual(
      [],
    );
    expect(inviteClient.next(datagram, in_('calling'), { type: 'cancel', sent: false })).toEqual({
      state: in_('calling', { cancel: 'wished' }),
      effects: [],
    });
  });
});
