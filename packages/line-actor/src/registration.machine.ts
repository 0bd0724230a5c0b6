import { setup } from 'xstate';
import * as act from './registration.actions.ts';
import { isUsable, type RegistrationContext, type RegistrationEvent } from './registration.types.ts';

/**
 * One registration leg: the specification is table 6.1 of the redundancy reference, cell by cell.
 * Time arrives as `clock.*` events armed through effects, so that the chart runs alike as an actor and in a pooled host.
 */
export const registrationMachine = setup({
  types: { context: {} as RegistrationContext, events: {} as RegistrationEvent, input: {} as RegistrationContext },
  guards: {
    registers: ({ context }) => context.settings.registers,
    startsBlocked: ({ context }) => context.settings.registers && context.record.blockedUntilMs > context.effects.now(),
    startsSpread: ({ context }) => context.settings.registers && context.settings.initialSpreadMs > 0,
    isFirstTooBrief: ({ context }) => !context.record.wasTooBrief,
    isGivenUp: ({ context, event }) => act.givesUp(context, event),
    isUsable: ({ context }) => isUsable(context.record, context.effects.now()),
    isFlapping: ({ context }) => act.isFlapping(context),
    canContinue: ({ context }) => act.canContinue(context),
    mayContinue: ({ context }) => act.mayContinue(context),
    movesOn: ({ context, event }) => context.effects.movesOn(event),
    holdsRefresh: ({ context }) => context.effects.holdsRefresh(),
    isRanked: ({ context }) => context.effects.isRanked(),
    hasGrace: ({ context }) => act.hasGrace(context),
    isInGrace: ({ context }) => act.isInGrace(context),
  },
  actions: {
    startFresh: ({ context }) => act.startFresh(context),
    spreadStart: ({ context }) => act.spreadStart(context),
    waitBlocked: ({ context }) => act.waitBlocked(context),
    sendRegister: ({ context, event }) => act.sendRegister(context, event),
    answerChallenge: ({ context, event }) => act.answerChallenge(context, event),
    raiseExpires: ({ context, event }) => act.raiseExpires(context, event),
    recordBinding: ({ context, event }) => act.recordBinding(context, event),
    scheduleRetry: ({ context, event }) => act.scheduleRetry(context, event),
    giveUp: ({ context, event }) => act.giveUp(context, event),
    refreshBinding: ({ context }) => act.refreshBinding(context),
    reconnect: ({ context }) => act.reconnect(context),
    resumeBinding: ({ context }) => act.resumeBinding(context),
    askFlow: ({ context }) => act.askFlow(context),
    moveEdge: ({ context, event }) => act.moveEdge(context, event),
    keepBinding: ({ context }) => act.keepBinding(context),
    loseBinding: ({ context }) => act.loseBinding(context),
    sendUnregister: ({ context }) => act.sendUnregister(context),
    abandon: ({ context }) => context.effects.abandon(),
    turnOff: ({ context, event }) => act.turnOff(context, event),
    stopWaiting: ({ context }) => context.effects.disarm('retry'),
    startRound: ({ context }) => context.effects.startRound(),
    moveOn: ({ context, event }) => act.moveOn(context, event),
    holdRefresh: ({ context }) => act.holdRefresh(context),
    probeServer: ({ context }) => act.probeServer(context),
    beginGrace: ({ context }) => act.beginGrace(context),
    waitGrace: ({ context, event }) => act.waitGrace(context, event),
  },
}).createMachine({
  id: 'registration',
  description: 'One registration leg: a REGISTER client with its own Call-ID, CSeq, credentials and clocks.',
  context: ({ input }) => input,
  initial: 'off',
  states: {
    off: {
      description: 'No registration is wanted, or it has been withdrawn.',
      meta: { source: 'redundancy 6.1 row off; manual: Register' },
      on: {
        'line.start': [
          { guard: 'startsBlocked', target: 'waiting', actions: ['startFresh', 'waitBlocked'] },
          { guard: 'startsSpread', target: 'waiting', actions: ['startFresh', 'spreadStart'] },
          { guard: 'registers', target: 'registering', actions: ['startFresh', 'startRound', 'sendRegister'] },
        ],
        'line.resume': [
          { guard: 'canContinue', target: 'registered', actions: 'resumeBinding' },
          { guard: 'mayContinue', target: 'registering', actions: ['keepBinding', 'askFlow'] },
          { guard: 'startsSpread', target: 'waiting', actions: ['keepBinding', 'spreadStart'] },
          { guard: 'registers', target: 'registering', actions: ['keepBinding', 'sendRegister'] },
        ],
      },
    },
    registering: {
      description:
        'A REGISTER is on its way and its success is not yet known, or the edge is asked for the flow of a stored binding.',
      meta: { source: 'redundancy 6.1 row registering, D-46; RFC 3261 section 10.2' },
      on: {
        'flow.same': { target: 'registered', actions: 'resumeBinding' },
        'flow.gone': [{ guard: 'startsSpread', target: 'waiting', actions: 'spreadStart' }, { actions: 'sendRegister' }],
        'edge.moved': { actions: 'moveEdge' },
        'reg.ok': { target: 'registered', actions: 'recordBinding' },
        'reg.challenge': { actions: 'answerChallenge' },
        'reg.tooBrief': [
          { guard: 'isFirstTooBrief', actions: ['raiseExpires', 'sendRegister'] },
          { guard: 'isGivenUp', target: 'rejected', actions: 'giveUp' },
          { target: 'waiting', actions: 'scheduleRetry' },
        ],
        'reg.reject': [
          { guard: 'movesOn', target: 'registering', actions: ['moveOn', 'sendRegister'] },
          { guard: 'isGivenUp', target: 'rejected', actions: 'giveUp' },
          { target: 'waiting', actions: 'scheduleRetry' },
        ],
        'reg.none': [
          { guard: 'isInGrace', target: 'waiting', actions: 'waitGrace' },
          { guard: 'movesOn', target: 'registering', actions: ['moveOn', 'sendRegister'] },
          { target: 'waiting', actions: 'scheduleRetry' },
        ],
        'server.moved': { target: 'registering', actions: ['moveOn', 'sendRegister'] },
        'clock.expiry': { actions: 'loseBinding' },
        'line.stop': { target: 'off', actions: ['turnOff', 'abandon'] },
      },
    },
    registered: {
      description: 'The server holds the binding; the refresh is armed.',
      meta: { source: 'redundancy 6.1 row registered, 5.5' },
      on: {
        'reg.ok': { target: 'registered', actions: 'recordBinding' },
        'leg.suspect': { target: 'refreshing', actions: 'probeServer' },
        'flow.gone': { target: 'refreshing', actions: 'reconnect' },
        'edge.moved': { target: 'refreshing', actions: 'moveEdge' },
        'clock.refresh': [
          { guard: 'holdsRefresh', actions: 'holdRefresh' },
          { target: 'refreshing', actions: 'refreshBinding' },
        ],
        'clock.expiry': { target: 'registering', actions: ['loseBinding', 'sendRegister'] },
        'server.moved': { target: 'registering', actions: ['moveOn', 'sendRegister'] },
        'list.exhausted': { target: 'waiting', actions: 'scheduleRetry' },
        'transport.down': [
          { guard: 'hasGrace', target: 'refreshing', actions: 'beginGrace' },
          { guard: 'movesOn', target: 'registering', actions: ['moveOn', 'sendRegister'] },
          { guard: 'isRanked', target: 'waiting', actions: 'scheduleRetry' },
          { guard: 'isFlapping', target: 'waiting', actions: 'scheduleRetry' },
          { target: 'refreshing', actions: 'reconnect' },
        ],
        'line.stop': { target: 'unregistering', actions: 'sendUnregister' },
      },
    },
    refreshing: {
      description: 'A refresh is on its way; the binding still counts until its expiry.',
      meta: { source: 'redundancy 6.1 row refreshing, D-38' },
      on: {
        'reg.ok': { target: 'registered', actions: 'recordBinding' },
        'reg.challenge': { actions: 'answerChallenge' },
        'reg.tooBrief': [
          { guard: 'isFirstTooBrief', actions: ['raiseExpires', 'sendRegister'] },
          { guard: 'isGivenUp', target: 'rejected', actions: 'giveUp' },
          { target: 'waiting', actions: 'scheduleRetry' },
        ],
        'reg.reject': [
          { guard: 'movesOn', target: 'registering', actions: ['moveOn', 'sendRegister'] },
          { guard: 'isGivenUp', target: 'rejected', actions: 'giveUp' },
          { target: 'waiting', actions: 'scheduleRetry' },
        ],
        'reg.none': [
          { guard: 'isInGrace', target: 'waiting', actions: 'waitGrace' },
          { guard: 'movesOn', target: 'registering', actions: ['moveOn', 'sendRegister'] },
          { target: 'waiting', actions: 'scheduleRetry' },
        ],
        'server.moved': { target: 'registering', actions: ['moveOn', 'sendRegister'] },
        'edge.moved': { actions: 'moveEdge' },
        'list.exhausted': { target: 'waiting', actions: ['scheduleRetry', 'abandon'] },
        'clock.expiry': { target: 'registering', actions: 'loseBinding' },
        'transport.down': [
          { guard: 'movesOn', target: 'registering', actions: ['moveOn', 'sendRegister'] },
          { guard: 'isUsable', actions: 'reconnect' },
        ],
        'line.stop': { target: 'unregistering', actions: 'sendUnregister' },
      },
    },
    waiting: {
      description: 'The last REGISTER failed; the next one is armed. A binding that is left still counts until its expiry.',
      meta: { source: 'redundancy 6.1 row waiting, 5.4, D-38' },
      on: {
        'reg.ok': { target: 'registered', actions: ['stopWaiting', 'recordBinding'] },
        'server.moved': { target: 'registering', actions: ['moveOn', 'sendRegister'] },
        'edge.moved': { target: 'registering', actions: 'moveEdge' },
        'clock.retry': { target: 'registering', actions: ['startRound', 'sendRegister'] },
        'clock.expiry': { actions: 'loseBinding' },
        'line.stop': { target: 'off', actions: 'turnOff' },
      },
    },
    rejected: {
      description: 'Refused for good: the code asks for the long interval and Reg Retry Long Intvl is 0.',
      meta: { source: 'redundancy 6.1 row rejected, 5.4; manual: Reg Retry Long Intvl' },
      on: {
        'clock.expiry': { actions: 'loseBinding' },
        'line.stop': { target: 'off', actions: 'turnOff' },
      },
    },
    unregistering: {
      description: 'The binding is being withdrawn; whatever the answer, the leg ends off.',
      meta: { source: 'redundancy 6.1 row unregistering; RFC 3261 section 10.2.2' },
      on: {
        'reg.ok': { target: 'off', actions: 'turnOff' },
        'reg.challenge': { actions: 'answerChallenge' },
        'reg.tooBrief': { target: 'off', actions: 'turnOff' },
        'reg.reject': { target: 'off', actions: 'turnOff' },
        'reg.none': { target: 'off', actions: 'turnOff' },
        'edge.moved': { actions: 'sendUnregister' },
        'line.stop': {},
      },
    },
  },
});
