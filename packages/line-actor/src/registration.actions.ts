import { effectiveExpiryS, refreshDelayMs } from '@offhook/core';
import { raisedExpiryS } from './expiry.ts';
import { causeOf } from './outcome.ts';
import { isBound, type RegistrationContext, type RegistrationEvent, type RegistrationRule } from './registration.types.ts';
import { type RegisterFailure, retryDelay } from './retry.ts';

/*
 * What the guards and actions of the registration chart do. Each action changes the record first, then commands effects in the order they must
 * happen.
 */

/** What a decision says when it overtakes a REGISTER that has not left. */
const unsent = (effects: RegistrationContext['effects']) => (effects.isConnecting() ? { connected: false } : {});

export function startFresh({ record, settings, effects }: RegistrationContext): void {
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
export function waitBlocked({ record, effects }: RegistrationContext): void {
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
export function spreadStart({ record, settings, effects }: RegistrationContext): void {
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

/** The edge is asked before anything is said of a stored binding over a stream. */
export function askFlow({ effects }: RegistrationContext): void {
  effects.askFlow();
}

/** What makes a REGISTER due, where its own cell does not say so already. */
const occasions: Partial<Record<RegistrationEvent['type'], Pick<RegistrationRule, 'rule' | 'source'>>> = {
  'line.start': { rule: '6.1:line.start', source: 'redundancy 6.1, 6.4 invariant 1' },
  'line.resume': { rule: 'D-46:no-binding', source: 'redundancy 5.1, D-46, D-48' },
  'flow.gone': { rule: 'D-46:no-binding', source: 'redundancy 5.1, D-46, D-48' },
  'clock.retry': { rule: '6.1:waiting/clock.retry', source: 'redundancy 6.1, 5.4' },
  'clock.expiry': { rule: '6.1:registered/clock.expiry', source: 'redundancy 6.1' },
};

export function sendRegister({ record, effects }: RegistrationContext, event: RegistrationEvent): void {
  effects.disarm('retry');
  const occasion = occasions[event.type];
  if (occasion !== undefined) effects.decided({ ...occasion, action: 'register', inputs: { failures: record.failures } });
  effects.register();
}

export function answerChallenge({ effects }: RegistrationContext, event: RegistrationEvent): void {
  if (event.type !== 'reg.challenge') return;
  effects.decided({
    rule: '6.1:reg.challenge',
    source: 'redundancy 5.8, 6.1, D-44',
    action: 'answer',
    inputs: { code: event.code },
  });
  effects.answerChallenge();
}

export function refreshBinding(context: RegistrationContext): void {
  context.effects.aim('current');
  context.effects.decided({
    rule: '6.1:registered/clock.refresh',
    source: 'redundancy 5.5',
    action: 'refresh',
    inputs: { expiresAtMs: context.record.expiresAtMs },
  });
  context.effects.register();
}

/** @source redundancy reference 3.10 X_Primary_Suspect_Hold, D-14 */
export function probeServer({ record, effects }: RegistrationContext): void {
  effects.decided({
    rule: 'D-14:suspect',
    source: 'redundancy 3.10 X_Primary_Suspect_Hold, D-14',
    action: 'probe',
    inputs: { suspectUntilMs: record.suspectUntilMs },
  });
  effects.register();
}

export function raiseExpires({ record, settings, effects }: RegistrationContext, event: RegistrationEvent): void {
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

export function recordBinding({ record, settings, effects }: RegistrationContext, event: RegistrationEvent): void {
  if (event.type !== 'reg.ok') return;
  const nowMs = effects.now();
  const expiryMs = effectiveExpiryS(event.grantedS, settings) * 1000;
  const wasUp = record.lastOk;
  Object.assign(record, {
    failures: 0,
    lastOk: true,
    wasTooBrief: false,
    downSinceMs: 0,
    blockedUntilMs: 0,
    retryAtMs: 0,
    graceUntilMs: 0,
  });
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
  effects.confirmed();
}

/** Another server of the list gets the next REGISTER: what the last one has answered does not count there (5.4, 5.6). */
export function moveOn(context: RegistrationContext, event: RegistrationEvent): void {
  const { record, settings, effects } = context;
  fail(record, effects);
  Object.assign(record, { failures: 0, wasTooBrief: false, requestedS: settings.registerExpiresS, downSinceMs: 0 });
  effects.moveOn(event);
}

/** The refresh stays due until the route is back, or the registration ends. @source redundancy reference 5.7 */
export function holdRefresh({ record, effects }: RegistrationContext): void {
  effects.decided({
    rule: '5.7:no-early-refresh',
    source: 'redundancy 5.7',
    action: 'hold',
    inputs: { expiresAtMs: record.expiresAtMs },
  });
}

const failureOf = (event: RegistrationEvent): RegisterFailure =>
  event.type === 'reg.reject'
    ? { kind: 'reject', code: event.code, ...(event.retryAfterS === undefined ? {} : { retryAfterS: event.retryAfterS }) }
    : event.type === 'reg.tooBrief'
      ? { kind: 'reject', code: 423 }
      : { kind: 'none' };

export function givesUp({ settings }: RegistrationContext, event: RegistrationEvent): boolean {
  return retryDelay(settings.retry, failureOf(event), 0, 0).delayMs === undefined;
}

function failureInputs(context: RegistrationContext, event: RegistrationEvent): Record<string, string | number | boolean> {
  const inputs: Record<string, string | number | boolean> = { failures: context.record.failures };
  if (event.type === 'reg.reject') inputs.code = event.code;
  if (event.type === 'reg.reject' && event.retryAfterS !== undefined) inputs.retryAfterS = event.retryAfterS;
  if (event.type === 'reg.tooBrief') inputs.code = 423;
  if (event.type === 'reg.none') inputs.outcome = event.cause;
  if (event.type === 'transport.down') inputs.outcome = 'disconnect';
  if (event.type === 'list.exhausted') Object.assign(inputs, { outcome: 'exhausted', ...unsent(context.effects) });
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

export function scheduleRetry(context: RegistrationContext, event: RegistrationEvent): void {
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
  effects.waits(event);
  effects.decided({
    rule: `5.4:${by}`,
    source: by === 'retry-after' ? 'redundancy 5.4, D-22' : by === 'long' ? 'redundancy 5.4, D-06' : 'redundancy 5.4',
    action: 'wait',
    inputs: { ...inputs, delayS: delayMs / 1000 },
    next: { what: 'retry', atMs: record.retryAtMs },
  });
}

export function giveUp(context: RegistrationContext, event: RegistrationEvent): void {
  const { record, effects } = context;
  const inputs = failureInputs(context, event);
  fail(record, effects);
  record.failures += 1;
  effects.persist(isBound(record, effects.now()));
  effects.decided({ rule: '5.4:long=0', source: 'redundancy 5.4; manual: Reg Retry Long Intvl', action: 'reject', inputs });
}

/** A server that takes the registration and hangs up again and again is not called back at once each time. */
export const isFlapping = ({ record, settings, effects }: RegistrationContext): boolean =>
  record.reconnectedAtMs > 0 && effects.now() - record.reconnectedAtMs < settings.retry.intervalMs;

export function reconnect({ record, effects }: RegistrationContext): void {
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

/** X Tcp Reconnect Grace: a server of a list that hangs up is called again for so long before the line fails over. */
export const hasGrace = ({ settings, effects }: RegistrationContext): boolean => settings.graceMs > 0 && effects.isRanked();

export const isInGrace = ({ record, effects }: RegistrationContext): boolean => record.graceUntilMs > effects.now();

/** Between two calls during the grace. */
const gracePauseMs = 1_000;

export function beginGrace(context: RegistrationContext): void {
  const { record, settings, effects } = context;
  record.graceUntilMs = effects.now() + settings.graceMs;
  fail(record, effects);
  effects.decided({
    rule: 'D-23:grace',
    source: 'redundancy D-23, 3.10 X_Tcp_Reconnect_Grace',
    action: 'register',
    inputs: { outcome: 'disconnect', graceS: settings.graceMs / 1000 },
  });
  effects.register();
}

export function waitGrace({ record, effects }: RegistrationContext, event: RegistrationEvent): void {
  record.retryAtMs = effects.now() + gracePauseMs;
  effects.arm('retry', record.retryAtMs);
  effects.decided({
    rule: 'D-23:grace',
    source: 'redundancy D-23, 3.10 X_Tcp_Reconnect_Grace',
    action: 'wait',
    inputs: { graceUntilMs: record.graceUntilMs, ...causeOf(event) },
    next: { what: 'retry', atMs: record.retryAtMs },
  });
}

/** A stored binding that lives goes on without a REGISTER; over a stream its connection is gone (D-46, D-48). */
export function canContinue({ record, settings, effects }: RegistrationContext): boolean {
  return settings.registers && !settings.isStream && isBound(record, effects.now());
}

/** Over a stream it may go on where the edge has kept the connection. */
export function mayContinue({ record, settings, effects }: RegistrationContext): boolean {
  return settings.registers && isBound(record, effects.now()) && effects.mayHaveFlow();
}

/** The longest wait of a refresh that is overdue after a takeover. */
const longestSpreadMs = 30_000;

/** An overdue refresh of a line that was taken over does not meet those of all the others. @source design: takeover */
function spreadOverdue({ record, effects }: RegistrationContext): boolean {
  const nowMs = effects.now();
  // 0: the last REGISTER failed, which is due at once.
  if (!effects.isTakenOver() || record.refreshAtMs === 0 || record.refreshAtMs > nowMs) return false;
  record.refreshAtMs = nowMs + effects.random() * Math.min(longestSpreadMs, (record.expiresAtMs - nowMs) / 2);
  return true;
}

export function resumeBinding(context: RegistrationContext): void {
  const { record, effects } = context;
  record.lastOk = true;
  const isSpread = spreadOverdue(context);
  // The CSeq that was jumped to is kept before it is used: a life that ends early leaves the next one above it.
  effects.persist(true);
  effects.arm('expiry', record.expiresAtMs);
  effects.arm('refresh', record.refreshAtMs);
  effects.decided({
    ...(isSpread
      ? { rule: 'D-46:resume/spread', source: 'redundancy 5.1, D-46; design: takeover' }
      : { rule: 'D-46:resume', source: 'redundancy 5.1, D-46' }),
    action: 'registered',
    inputs: { cseq: record.cseq, expiresAtMs: record.expiresAtMs },
    next: { what: 'refresh', atMs: record.refreshAtMs },
  });
}

/** The binding gets a Contact at the edge that the line is at now; the old one goes with it. */
export function moveEdge({ effects }: RegistrationContext, event: RegistrationEvent): void {
  if (event.type !== 'edge.moved') return;
  effects.disarm('retry');
  effects.decided({
    rule: 'D-46:edge',
    source: 'redundancy 5.1, D-46; RFC 3261 sections 10.2.2, 10.3',
    action: 'register',
    inputs: { was: event.was, is: event.is },
  });
  effects.register();
}

/** Its flow is gone, or the binding itself; what is left of it still counts until its end (D-38). */
export function keepBinding({ record, effects }: RegistrationContext): void {
  effects.persist(true);
  if (isBound(record, effects.now())) effects.arm('expiry', record.expiresAtMs);
}

export function loseBinding({ record, effects }: RegistrationContext): void {
  Object.assign(record, { lastOk: false, expiresAtMs: 0, refreshAtMs: 0 });
  record.downSinceMs ||= effects.now();
  effects.disarm('refresh');
  effects.persist(false);
  effects.lost();
  effects.decided({ rule: '6.1:clock.expiry', source: 'redundancy 6.1', action: 'lost', inputs: {} });
}

export function sendUnregister({ effects }: RegistrationContext): void {
  for (const clock of ['refresh', 'expiry', 'retry'] as const) effects.disarm(clock);
  const inputs = unsent(effects);
  effects.aim('holder');
  effects.decided({ rule: '6.1:line.stop', source: 'redundancy 6.1; RFC 3261 section 10.2.2', action: 'unregister', inputs });
  effects.unregister();
}

export function turnOff({ record, effects }: RegistrationContext, event: RegistrationEvent): void {
  for (const clock of ['refresh', 'expiry', 'retry'] as const) effects.disarm(clock);
  Object.assign(record, { lastOk: false, expiresAtMs: 0, refreshAtMs: 0, retryAtMs: 0, failures: 0, downSinceMs: 0 });
  effects.persist(false);
  const inputs = { after: event.type, ...unsent(effects), ...causeOf(event) };
  effects.decided({ rule: '6.1:off', source: 'redundancy 6.1', action: 'off', inputs });
}
