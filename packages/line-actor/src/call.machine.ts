import { setup } from 'xstate';
import type { CallContext, CallEvent } from './call.types.ts';

/** Who withdraws an INVITE, where it is not the caller. */
const cancellations: Partial<Record<CallEvent['type'], 'invite-expired' | 'edge-lost'>> = {
  'clock.inviteExpires': 'invite-expired',
  'sip.lost': 'edge-lost',
};

/** One call, either direction. Which server carries it was decided when it began and never changes (6.5). */
export const callMachine = setup({
  types: { context: {} as CallContext, events: {} as CallEvent, input: {} as CallContext },
  guards: {
    isOutgoing: ({ context }) => context.direction === 'outgoing',
    wasHeld: ({ event }) => event.type === 'call.resumed' && event.held,
  },
  actions: {
    cancel: ({ context, event }) => context.effects.cancel(cancellations[event.type] ?? 'caller'),
    decline: ({ context }) => context.effects.decline(),
    accept: ({ context }) => context.effects.accept(),
    bye: ({ context }) => context.effects.bye(),
    reportFailed: ({ context, event }) => event.type === 'sip.failed' && context.effects.ended(event.reason, event.status),
    reportExpired: ({ context }) => context.effects.ended('invite-expired'),
    reportRemote: ({ context }) => context.effects.ended('remote-hangup'),
    reportLocal: ({ context }) => context.effects.ended('local-hangup'),
    reportLost: ({ context, event }) => event.type === 'sip.lost' && context.effects.ended(event.reason),
  },
}).createMachine({
  id: 'call',
  description: 'One call, from its INVITE to its end.',
  context: ({ input }) => input,
  initial: 'trying',
  states: {
    trying: {
      description:
        'The INVITE is out, or has come in, and nobody has been alerted yet. A call of another owner goes on from here.',
      meta: { source: 'RFC 3261 section 13.2; redundancy D-46' },
      on: {
        'call.resumed': [{ guard: 'wasHeld', target: 'held' }, { target: 'up' }],
        'sip.progress': 'ringing',
        'sip.accepted': 'up',
        'sip.failed': { target: 'ended', actions: 'reportFailed' },
        'sip.lost': [
          { guard: 'isOutgoing', target: 'ended', actions: ['cancel', 'reportLost'] },
          { target: 'ended', actions: ['decline', 'reportLost'] },
        ],
        'clock.inviteExpires': { target: 'ended', actions: ['cancel', 'reportExpired'] },
        'call.answer': { actions: 'accept' },
        'call.hangup': [
          { guard: 'isOutgoing', target: 'ended', actions: ['cancel', 'reportLocal'] },
          { target: 'ended', actions: ['decline', 'reportLocal'] },
        ],
      },
    },
    ringing: {
      description: 'The called party is alerted. The server that said so keeps the call (D-19).',
      meta: { source: 'RFC 3261 section 13.2.2.1; redundancy D-19' },
      on: {
        'sip.progress': {},
        'sip.accepted': 'up',
        'sip.failed': { target: 'ended', actions: 'reportFailed' },
        'sip.lost': [
          { guard: 'isOutgoing', target: 'ended', actions: ['cancel', 'reportLost'] },
          { target: 'ended', actions: ['decline', 'reportLost'] },
        ],
        'clock.inviteExpires': { target: 'ended', actions: ['cancel', 'reportExpired'] },
        'call.answer': { actions: 'accept' },
        'call.hangup': [
          { guard: 'isOutgoing', target: 'ended', actions: ['cancel', 'reportLocal'] },
          { target: 'ended', actions: ['decline', 'reportLocal'] },
        ],
      },
    },
    up: {
      description: 'Both sides are connected; requests stay on the pinned hop.',
      meta: { source: 'RFC 3261 section 12; redundancy 6.5' },
      on: {
        'sip.held': 'held',
        'sip.bye': { target: 'ended', actions: 'reportRemote' },
        'sip.lost': { target: 'ended', actions: ['bye', 'reportLost'] },
        'call.hangup': { target: 'ended', actions: ['bye', 'reportLocal'] },
      },
    },
    held: {
      description: 'The other side has put us on hold. It still is an active call (D-24).',
      meta: { source: 'RFC 3264 section 8.4; redundancy D-24' },
      on: {
        'sip.resumed': 'up',
        'sip.bye': { target: 'ended', actions: 'reportRemote' },
        'sip.lost': { target: 'ended', actions: ['bye', 'reportLost'] },
        'call.hangup': { target: 'ended', actions: ['bye', 'reportLocal'] },
      },
    },
    ended: {
      description: 'Over. The call is only remembered by what is on the way.',
      meta: { source: 'RFC 3261 section 15' },
      type: 'final',
    },
  },
});
