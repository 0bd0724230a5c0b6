import { setup } from 'xstate';
import { effectiveExpiryS, raisedExpiryS, refreshDelayMs } from './expiry.ts';
import {
  isBound,
  isUsable,
  type RegistrationContext,
  type RegistrationEvent,
  type RegistrationRule,
} from './registration.types.ts';
import { type RegisterFailure, retryDelay } from './retry.ts';

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
    isGivenUp: ({ context, event }) => givesUp(context, event),
    isUsable: ({ context }) => isUsable(context.record, context.effects.now()),
    isFlapping: ({ context }) => isFlapping(context),
    canContinue: ({ context }) => canContinue(context),
  },
  actions: {
    startFresh: ({ context }) => startFresh(context),
    spreadStart: ({ context }) => spreadStart(context),
    waitBlocked: ({ context }) => waitBlocked(context),
    sendRegister: ({ context, event }) => sendRegister(context, event),
    answerChallenge: ({ context, event }) => answerChallenge(context, event),
    raiseExpires: ({ context, event }) => raiseExpires(context, event),
    recordBinding: ({ context, event }) => recordBinding(context, event),
    scheduleRetry: ({ context, event }) => scheduleRetry(context, event),
    giveUp: ({ context, event }) => giveUp(context, event),
    refreshBinding: ({ context }) => refreshBinding(context),
    reconnect: ({ context }) => reconnect(context),
    resumeBinding: ({ context }) => resumeBinding(context),
    keepBinding: ({ context }) => keepBinding(context),
    loseBinding: ({ context }) => loseBinding(context),
    sendUnregister: ({ context }) => sendUnregister(context),
    abandon: ({ context }) => context.effects.abandon(),
    turnOff: ({ context, event }) => turnOff(context, event),
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
          { guard: 'registers', target: 'registering', actions: ['startFresh', 'sendRegister'] },
        ],
        'line.resume': [
          { guard: 'canContinue', target: 'registered', actions: 'resumeBinding' },
          { guard: 'startsSpread', target: 'waiting', actions: ['keepBinding', 'spreadStart'] },
          { guard: 'registers', target: 'registering', actions: ['keepBinding', 'sendRegister'] },
        ],
      },
    },
    registering: {
      description: 'A REGISTER is on its way and its success is not yet known.',
      meta: { source: 'redundancy 6.1 row registering; RFC 3261 section 10.2' },
      on: {
        'reg.ok': { target: 'registered', actions: 'recordBinding' },
        'reg.challenge': { actions: 'answerChallenge' },
        'reg.tooBrief': [
          { guard: 'isFirstTooBrief', actions: ['raiseExpires', 'sendRegister'] },
          { guard: 'isGivenUp', target: 'rejected', actions: 'giveUp' },
          { target: 'waiting', actions: 'scheduleRetry' },
        ],
        'reg.reject': [
          { guard: 'isGivenUp', target: 'rejected', actions: 'giveUp' },
          { target: 'waiting', actions: 'scheduleRetry' },
        ],
        'reg.none': { target: 'waiting', actions: 'scheduleRetry' },
        'clock.expiry': { actions: 'loseBinding' },
        'line.stop': { target: 'off', actions: ['turnOff', 'abandon'] },
      },
    },
    registered: {
      description: 'The server holds the binding; the refresh is armed.',
      meta: { source: 'redundancy 6.1 row registered, 5.5' },
      on: {
        'clock.refresh': { target: 'refreshing', actions: 'refreshBinding' },
        'clock.expiry': { target: 'registering', actions: ['loseBinding', 'sendRegister'] },
        'transport.down': [
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
          { guard: 'isGivenUp', target: 'rejected', actions: 'giveUp' },
          { target: 'waiting', actions: 'scheduleRetry' },
        ],
        'reg.none': { target: 'waiting', actions: 'scheduleRetry' },
        'clock.expiry': { target: 'registering', actions: 'loseBinding' },
        'transport.down': { guard: 'isUsable', actions: 'reconnect' },
        'line.stop': { target: 'unregistering', actions: 'sendUnregister' },
      },
    },
    waiting: {
      description: 'The last REGISTER failed; the next one is armed. A binding that is left still counts until its expiry.',
      meta: { source: 'redundancy 6.1 row waiting, 5.4, D-38' },
      on: {
        'clock.retry': { target: 'registering', actions: 'sendRegister' },
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
        'line.stop': {},
      },
    },
  },
});

/** What a decision says when it overtakes a REGISTER that has not left. */
const unsent = (effects: RegistrationContext['effects']) => (effects.isConnecting() ? { connected: false } : {});

/* Bodies. Each changes the record first, then commands effects in the order they must happen. */

function startFresh({ record, settings, effects }: RegistrationContext): void {
  effects.renew();
  Object.assign(record, {
    requestedS: settings.registerExpiresS,
    wasTooBrief: false,
    failures: 0,
    lastOk: false,
    downSinceMs: 0,
  });
  Object.assign(record, { expiresAtMs: 0, refreshAtMs: 0, retryAtMs: 0 });
}

/** A restart forgets what the line has learnt, but not what its server has asked for (5.1). */
function waitBlocked({ record, effects }: RegistrationContext): void {
  record.retryAtMs = record.blockedUntilMs;
  effects.arm('retry', record.retryAtMs);
  effects.decided({
    rule: '5.1:not-before',
    source: 'redundancy 5.1, D-22',
    action: 'wait',
    inputs: {},
    next: { what: 'retry', atMs: record.retryAtMs },
  });
}

/** Many lines of one site do not start in the same instant. */
function spreadStart({ record, settings, effects }: RegistrationContext): void {
  record.retryAtMs = effects.now() + effects.random() * settings.initialSpreadMs;
  effects.arm('retry', record.retryAtMs);
  effects.decided({
    rule: '3.10:initial-spread',
    source: 'redundancy 3.10 X_Initial_Reg_Spread',
    action: 'wait',
    inputs: { spreadS: settings.initialSpreadMs / 1000 },
    next: { what: 'retry', atMs: record.retryAtMs },
  });
}

/** What makes a REGISTER due, where its own cell does not say so already. */
const occasions: Partial<Record<RegistrationEvent['type'], Pick<RegistrationRule, 'rule' | 'source'>>> = {
  'line.start': { rule: '6.1:line.start', source: 'redundancy 6.1, 6.4 invariant 1' },
  'line.resume': { rule: 'D-46:no-binding', source: 'redundancy 5.1, D-46, D-48' },
  'clock.retry': { rule: '6.1:waiting/clock.retry', source: 'redundancy 6.1, 5.4' },
  'clock.expiry': { rule: '6.1:registered/clock.expiry', source: 'redundancy 6.1' },
};

function sendRegister({ record, effects }: RegistrationContext, event: RegistrationEvent): void {
  effects.disarm('retry');
  const occasion = occasions[event.type];
  if (occasion !== undefined) effects.decided({ ...occasion, action: 'register', inputs: { failures: record.failures } });
  effects.register();
}

function answerChallenge({ effects }: RegistrationContext, event: RegistrationEvent): void {
  if (event.type !== 'reg.challenge') return;
  effects.decided({
    rule: '6.1:reg.challenge',
    source: 'redundancy 5.8, 6.1, D-44',
    action: 'answer',
    inputs: { code: event.code },
  });
  effects.answerChallenge();
}

function refreshBinding(context: RegistrationContext): void {
  context.effects.decided({
    rule: '6.1:registered/clock.refresh',
    source: 'redundancy 5.5',
    action: 'refresh',
    inputs: { expiresAtMs: context.record.expiresAtMs },
  });
  context.effects.register();
}

function raiseExpires({ record, settings, effects }: RegistrationContext, event: RegistrationEvent): void {
  if (event.type !== 'reg.tooBrief') return;
  record.wasTooBrief = true;
  record.requestedS = raisedExpiryS(event.minS, record.requestedS, settings.maxExpiresS);
  effects.decided({
    rule: '6.1:reg.tooBrief',
    source: 'redundancy 5.5; RFC 3261 section 10.2.8',
    action: 'register',
    inputs: { code: 423, minExpiresS: event.minS, requestedS: record.requestedS },
  });
}

function recordBinding({ record, settings, effects }: RegistrationContext, event: RegistrationEvent): void {
  if (event.type !== 'reg.ok') return;
  const nowMs = effects.now();
  const expiryMs = effectiveExpiryS(event.grantedS, settings) * 1000;
  const wasUp = record.lastOk;
  Object.assign(record, { failures: 0, lastOk: true, wasTooBrief: false, downSinceMs: 0, blockedUntilMs: 0, retryAtMs: 0 });
  record.expiresAtMs = nowMs + expiryMs;
  record.refreshAtMs = nowMs + refreshDelayMs(expiryMs, settings.timerFMs);
  effects.arm('expiry', record.expiresAtMs);
  effects.arm('refresh', record.refreshAtMs);
  effects.persist(true);
  effects.decided({
    rule: '6.1:reg.ok',
    source: 'redundancy 5.5; RFC 3261 section 10.2.4',
    action: wasUp ? 'refreshed' : 'registered',
    inputs: { grantedS: event.grantedS, expiryS: expiryMs / 1000 },
    next: { what: 'refresh', atMs: record.refreshAtMs },
  });
}

const failureOf = (event: RegistrationEvent): RegisterFailure =>
  event.type === 'reg.reject'
    ? { kind: 'reject', code: event.code, ...(event.retryAfterS === undefined ? {} : { retryAfterS: event.retryAfterS }) }
    : event.type === 'reg.tooBrief'
      ? { kind: 'reject', code: 423 }
      : { kind: 'none' };

function givesUp({ settings }: RegistrationContext, event: RegistrationEvent): boolean {
  return retryDelay(settings.retry, failureOf(event), 0, 0).delayMs === undefined;
}

function failureInputs(context: RegistrationContext, event: RegistrationEvent): Record<string, string | number | boolean> {
  const inputs: Record<string, string | number | boolean> = { failures: context.record.failures };
  if (event.type === 'reg.reject') inputs.code = event.code;
  if (event.type === 'reg.reject' && event.retryAfterS !== undefined) inputs.retryAfterS = event.retryAfterS;
  if (event.type === 'reg.tooBrief') inputs.code = 423;
  if (event.type === 'reg.none') inputs.outcome = event.cause;
  if (event.type === 'transport.down') inputs.outcome = 'disconnect';
  if (event.type === 'reg.none' && event.connected === false) inputs.connected = false;
  if (event.type === 'reg.none' && event.detail !== undefined) inputs.detail = event.detail;
  return { ...inputs, bound: isBound(context.record, context.effects.now()) };
}

function fail(record: RegistrationContext['record'], effects: RegistrationContext['effects']): void {
  record.lastOk = false;
  record.downSinceMs ||= effects.now();
  record.refreshAtMs = 0;
  effects.disarm('refresh');
}

function scheduleRetry(context: RegistrationContext, event: RegistrationEvent): void {
  const { record, settings, effects } = context;
  const inputs = failureInputs(context, event);
  const failure = failureOf(event);
  const { delayMs = 0, by } = retryDelay(settings.retry, failure, record.failures, effects.random());
  fail(record, effects);
  record.failures += 1;
  record.retryAtMs = effects.now() + delayMs;
  if (by === 'retry-after') record.blockedUntilMs = record.retryAtMs;
  effects.arm('retry', record.retryAtMs);
  effects.persist(isBound(record, effects.now()));
  effects.decided({
    rule: `5.4:${by}`,
    source: by === 'retry-after' ? 'redundancy 5.4, D-22' : by === 'long' ? 'redundancy 5.4, D-06' : 'redundancy 5.4',
    action: 'wait',
    inputs: { ...inputs, delayS: delayMs / 1000 },
    next: { what: 'retry', atMs: record.retryAtMs },
  });
}

function giveUp(context: RegistrationContext, event: RegistrationEvent): void {
  const { record, effects } = context;
  const inputs = failureInputs(context, event);
  fail(record, effects);
  record.failures += 1;
  effects.persist(isBound(record, effects.now()));
  effects.decided({ rule: '5.4:long=0', source: 'redundancy 5.4; manual: Reg Retry Long Intvl', action: 'reject', inputs });
}

/** A server that takes the registration and hangs up again and again is not called back at once each time. */
const isFlapping = ({ record, settings, effects }: RegistrationContext): boolean =>
  record.reconnectedAtMs > 0 && effects.now() - record.reconnectedAtMs < settings.retry.intervalMs;

function reconnect({ record, effects }: RegistrationContext): void {
  record.reconnectedAtMs = effects.now();
  fail(record, effects);
  effects.decided({
    rule: 'D-48:disconnect',
    source: 'redundancy 6.1, D-48',
    action: 'register',
    inputs: { outcome: 'disconnect', bound: isBound(record, effects.now()), ...unsent(effects) },
  });
  effects.register();
}

/** A stored binding that lives goes on without a REGISTER; over a stream its connection is gone (D-46, D-48). */
function canContinue({ record, settings, effects }: RegistrationContext): boolean {
  return settings.registers && !settings.isStream && isBound(record, effects.now());
}

function resumeBinding({ record, effects }: RegistrationContext): void {
  record.lastOk = true;
  // The CSeq that was jumped to is kept before it is used: a life that ends early leaves the next one above it.
  effects.persist(true);
  effects.arm('expiry', record.expiresAtMs);
  effects.arm('refresh', record.refreshAtMs);
  effects.decided({
    rule: 'D-46:resume',
    source: 'redundancy 5.1, D-46',
    action: 'registered',
    inputs: { cseq: record.cseq },
    next: { what: 'refresh', atMs: record.refreshAtMs },
  });
}

/** Its flow is gone, or the binding itself; what is left of it still counts until its end (D-38). */
function keepBinding({ record, effects }: RegistrationContext): void {
  effects.persist(true);
  if (isBound(record, effects.now())) effects.arm('expiry', record.expiresAtMs);
}

function loseBinding({ record, effects }: RegistrationContext): void {
  Object.assign(record, { lastOk: false, expiresAtMs: 0, refreshAtMs: 0 });
  record.downSinceMs ||= effects.now();
  effects.disarm('refresh');
  effects.persist(false);
  effects.decided({ rule: '6.1:clock.expiry', source: 'redundancy 6.1', action: 'lost', inputs: {} });
}

function sendUnregister({ effects }: RegistrationContext): void {
  for (const clock of ['refresh', 'expiry', 'retry'] as const) effects.disarm(clock);
  effects.decided({
    rule: '6.1:line.stop',
    source: 'redundancy 6.1; RFC 3261 section 10.2.2',
    action: 'unregister',
    inputs: unsent(effects),
  });
  effects.unregister();
}

function turnOff({ record, effects }: RegistrationContext, event: RegistrationEvent): void {
  for (const clock of ['refresh', 'expiry', 'retry'] as const) effects.disarm(clock);
  Object.assign(record, { lastOk: false, expiresAtMs: 0, refreshAtMs: 0, retryAtMs: 0, failures: 0, downSinceMs: 0 });
  effects.persist(false);
  const inputs = { after: event.type, ...unsent(effects) };
  effects.decided({ rule: '6.1:off', source: 'redundancy 6.1', action: 'off', inputs });
}
