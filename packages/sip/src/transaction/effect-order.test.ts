import type { FlowFailure } from '@offhook/core';
import { describe, expect, it } from 'vitest';
import type { SipResponse } from '../codec/message.ts';
import type { ClientStimulus } from './client-machine.ts';
import { inviteClient } from './invite-client.ts';
import { inviteServer } from './invite-server.ts';
import { nonInviteClient } from './non-invite-client.ts';
import { nonInviteServer } from './non-invite-server.ts';
import type { ServerStimulus } from './server-machine.ts';
import type { ClientTimer, Machine, ServerTimer } from './step.ts';
import { defaultSipTimers, timingOf } from './timing.ts';

/** Walks every machine through every state it can reach by every stimulus and holds each step against the contract in step.ts. */
interface Effect {
  readonly type: string;
  readonly timer?: string;
}
interface Seen {
  readonly from: string;
  readonly stimulus: unknown;
  readonly to: string;
  readonly effects: readonly Effect[];
  /** Timers that run after the step. */
  readonly running: ReadonlySet<string>;
}

const failure = { reason: 'closed' } as FlowFailure;
const clientTimers: ClientTimer[] = ['A', 'B', 'D', 'E', 'F', 'K', 'M', 'cancel', 'late'];
const serverTimers: ServerTimer[] = ['G', 'H', 'I', 'J', 'L', 'trying', 'unanswered'];
const statuses = [100, 180, 200, 302, 401, 486, 503, 603];
const clientStimuli: ClientStimulus[] = [
  ...clientTimers.map((timer) => ({ type: 'timer', timer }) as const),
  ...statuses.map((status) => ({ type: 'response', response: { status } as SipResponse }) as const),
  { type: 'transport', failure },
  { type: 'cancel', sent: false },
  { type: 'cancel', sent: true },
  { type: 'abandon' },
];
const serverStimuli: ServerStimulus[] = [
  ...serverTimers.map((timer) => ({ type: 'timer', timer }) as const),
  ...statuses.map((status) => ({ type: 'respond', status, bytes: new Uint8Array() }) as const),
  { type: 'request' },
  { type: 'ack' },
  { type: 'transport', failure },
];

function walk<State extends { readonly name: string }, Stimulus extends { readonly type: string }>(
  machine: Machine<State, Stimulus, Effect>,
  stimuli: readonly Stimulus[],
  reliable: boolean,
): Seen[] {
  const timing = timingOf(defaultSipTimers, reliable);
  const seen: Seen[] = [];
  const visited = new Set<string>();
  const visit = (state: State, running: ReadonlySet<string>) => {
    const place = JSON.stringify([{ ...state, intervalMs: 0 }, [...running].sort()]);
    if (visited.has(place)) return;
    visited.add(place);
    for (const stimulus of stimuli) {
      const fired = 'timer' in stimulus ? String(stimulus.timer) : undefined;
      if (fired !== undefined && !running.has(fired)) continue;
      const next = machine.next(timing, state, stimulus);
      const left = after(new Set([...running].filter((timer) => timer !== fired)), next.effects);
      seen.push({ from: state.name, stimulus, to: next.state.name, effects: next.effects, running: left });
      visit(next.state, left);
    }
  };
  const first = machine.begin(timing);
  visit(first.state, after(new Set(), first.effects));
  return seen;
}

function after(running: Set<string>, effects: readonly Effect[]): Set<string> {
  for (const { type, timer = '' } of effects) {
    if (type === 'arm') running.add(timer);
    else if (type === 'disarm') running.delete(timer);
    else if (type === 'end') running.clear();
  }
  return running;
}

const isSent = ({ type }: Effect) => ['send', 'ack', 'cancel', 'hang-up', 'trying'].includes(type);

describe.each([
  ['INVITE client', inviteClient, clientStimuli, 6],
  ['non-INVITE client', nonInviteClient, clientStimuli, 4],
  ['INVITE server', inviteServer, serverStimuli, 5],
  ['non-INVITE server', nonInviteServer, serverStimuli, 4],
] as const)('%s', (_name, machine, stimuli, states) => {
  const walks = [false, true].flatMap((reliable) => walk(machine as never, stimuli as never, reliable));

  it('can reach all its states', () => {
    expect(new Set(walks.flatMap(({ from, to }) => [from, to])).size).toBe(states);
  });

  it('sends before it arms, and reports last and at most once', () => {
    for (const { effects } of walks) {
      const lastSent = effects.findLastIndex(isSent);
      const firstArmed = effects.findIndex(({ type }) => type === 'arm');
      if (firstArmed >= 0) expect(lastSent).toBeLessThan(firstArmed);
      const reports = effects.filter(({ type }) => type === 'report');
      expect(reports.length).toBeLessThanOrEqual(1);
      if (reports.length === 1) expect(effects.at(-1)?.type).toBe('report');
    }
  });

  it('is terminated exactly when it ends, and then does nothing any more', () => {
    for (const { from, to, effects } of walks) {
      if (from === 'terminated') expect([to, effects]).toEqual(['terminated', []]);
      else expect(to === 'terminated').toBe(effects.some(({ type }) => type === 'end'));
    }
  });

  it('leaves no state to itself but the two in which a user decides', () => {
    for (const { to, running } of walks) {
      if (to !== 'terminated' && running.size === 0) expect(to).toBe('proceeding');
    }
  });

  it('never runs a timer for retransmission over a stream', () => {
    const armed = walk(machine as never, stimuli as never, true).flatMap(({ effects }) => effects.map(({ timer }) => timer));
    for (const timer of ['A', 'E', 'G', 'D', 'I', 'J', 'K']) expect(armed).not.toContain(timer);
  });
});
