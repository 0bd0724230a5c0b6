import type { FlowFailure } from '@offhook/core';
import { describe, expect, it } from 'vitest';
import { type InviteServerState, inviteServer } from './invite-server.ts';
import { type NonInviteServerState, nonInviteServer } from './non-invite-server.ts';
import { report, type ServerStimulus, send, trying } from './server-machine.ts';
import { arm, disarm, end } from './step.ts';
import { defaultSipTimers, timingOf } from './timing.ts';

const datagram = timingOf(defaultSipTimers, false);
const stream = timingOf(defaultSipTimers, true);
const bytes = new Uint8Array([1]);
const older = new Uint8Array([0]);
const failure = { reason: 'closed' } as FlowFailure;
const respond = (status: number): ServerStimulus => ({ type: 'respond', status, bytes });

describe('the INVITE server machine', () => {
  const in_ = (name: InviteServerState['name'], last?: Uint8Array, intervalMs = 500): InviteServerState => ({
    name,
    last,
    intervalMs,
  });

  it('begins by waiting 200 ms for the user', () => {
    expect(inviteServer.begin(datagram)).toEqual({ state: in_('proceeding'), effects: [arm('trying', 200)] });
    expect(inviteServer.next(datagram, in_('proceeding'), { type: 'timer', timer: 'trying' }).effects).toEqual([trying]);
  });

  it('sends before it touches a timer', () => {
    expect(inviteServer.next(datagram, in_('proceeding'), respond(180))).toEqual({
      state: in_('proceeding', bytes),
      effects: [send(bytes), disarm('trying')],
    });
    expect(inviteServer.next(datagram, in_('proceeding', older), respond(200))).toEqual({
      state: in_('accepted'),
      effects: [send(bytes), arm('L', 32_000)],
    });
    expect(inviteServer.next(datagram, in_('proceeding', older), respond(486))).toEqual({
      state: in_('completed', bytes),
      effects: [send(bytes), arm('G', 500), arm('H', 16_000)],
    });
    expect(inviteServer.next(stream, in_('proceeding', older), respond(486)).effects).toEqual([send(bytes), arm('H', 16_000)]);
  });

  it('doubles Timer G up to T2', () => {
    expect(inviteServer.next(datagram, in_('completed', bytes, 500), { type: 'timer', timer: 'G' })).toEqual({
      state: in_('completed', bytes, 1000),
      effects: [send(bytes), arm('G', 1000)],
    });
    expect(inviteServer.next(datagram, in_('completed', bytes, 4000), { type: 'timer', timer: 'G' }).effects).toEqual([
      send(bytes),
      arm('G', 4000),
    ]);
  });

  it('is confirmed by the ACK, or reports its absence', () => {
    expect(inviteServer.next(datagram, in_('completed', bytes), { type: 'ack' })).toEqual({
      state: in_('confirmed'),
      effects: [disarm('G'), disarm('H'), arm('I', 5000), report({ type: 'acked' })],
    });
    expect(inviteServer.next(stream, in_('completed', bytes), { type: 'ack' }).effects).toEqual([end, report({ type: 'acked' })]);
    expect(inviteServer.next(datagram, in_('completed', bytes), { type: 'timer', timer: 'H' })).toEqual({
      state: in_('terminated', bytes),
      effects: [end, report({ type: 'timeout' })],
    });
    expect(inviteServer.next(datagram, in_('confirmed'), { type: 'timer', timer: 'I' }).effects).toEqual([end]);
  });

  it('passes nothing but a repeated 2xx in accepted', () => {
    expect(inviteServer.next(datagram, in_('accepted'), respond(200)).effects).toEqual([send(bytes)]);
    expect(inviteServer.next(datagram, in_('accepted'), respond(486)).effects).toEqual([]);
    expect(inviteServer.next(datagram, in_('accepted'), { type: 'request' }).effects).toEqual([]);
    expect(inviteServer.next(datagram, in_('accepted'), { type: 'timer', timer: 'L' }).effects).toEqual([end]);
  });
});

describe('the non-INVITE server machine', () => {
  const in_ = (name: NonInviteServerState['name'], last?: Uint8Array): NonInviteServerState => ({ name, last });

  it('begins by waiting no longer than the client does', () => {
    expect(nonInviteServer.begin(datagram)).toEqual({ state: in_('trying'), effects: [arm('unanswered', 32_000)] });
    expect(nonInviteServer.next(datagram, in_('trying'), { type: 'timer', timer: 'unanswered' }).effects).toEqual([end]);
  });

  it('sends the final response, then waits with Timer J; a stream needs no wait', () => {
    expect(nonInviteServer.next(datagram, in_('trying'), respond(200))).toEqual({
      state: in_('completed', bytes),
      effects: [send(bytes), disarm('unanswered'), arm('J', 16_000)],
    });
    expect(nonInviteServer.next(stream, in_('trying'), respond(200))).toEqual({
      state: in_('terminated'),
      effects: [send(bytes), end],
    });
  });

  it('answers a repeated request with what it said last', () => {
    expect(nonInviteServer.next(datagram, in_('trying'), { type: 'request' }).effects).toEqual([]);
    expect(nonInviteServer.next(datagram, in_('proceeding', older), { type: 'request' }).effects).toEqual([send(older)]);
    expect(nonInviteServer.next(datagram, in_('completed', bytes), { type: 'request' }).effects).toEqual([send(bytes)]);
  });

  it('ends with its stream, not with a refused datagram', () => {
    expect(nonInviteServer.next(stream, in_('trying'), { type: 'transport', failure })).toEqual({
      state: in_('terminated'),
      effects: [end, report({ type: 'transport', failure })],
    });
    expect(nonInviteServer.next(datagram, in_('trying'), { type: 'transport', failure }).effects).toEqual([]);
  });
});
