import { effectiveExpiryS, refreshDelayMs } from '@offhook/core';
import { setup } from 'xstate';
import type { SubscriptionContext, SubscriptionEvent, SubscriptionRule } from './subscription.types.ts';

/** After these a subscription is not asked for again by itself. @source RFC 6665 section 4.1.3 */
const forGood = new Set(['rejected', 'noresource', 'invariant']);
/** After these it is, at once. @source RFC 6665 section 4.1.3 */
const atOnce = new Set(['deactivated', 'timeout']);
/** Answers to a refresh after which the notifier holds nothing any more. @source RFC 6665 section 4.1.2.2, RFC 5057 */
const endsUsage = new Set([404, 405, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 604]);

type Args = { readonly context: SubscriptionContext; readonly event: SubscriptionEvent };

/** Two dialogs are never begun closer together than Sub Retry Intvl, unless the route moved: a notifier may accept and end for ever. */
const isCalm = ({ record, settings, effects }: SubscriptionContext): boolean =>
  effects.now() - record.begunAtMs >= settings.retryMs;

/** Ways out of every state in which a SUBSCRIBE for a new dialog is on its way. */
const asking = {
  'sub.ok': { actions: 'recordGrant' },
  'sub.notified': [
    { guard: 'isActive', target: 'active', actions: 'recordNotice' },
    { target: 'pending', actions: 'recordNotice' },
  ],
  'sub.terminated': [
    { guard: 'isForGood', target: 'ended', actions: 'end' },
    { guard: 'mayRenewNow', target: 'pending', actions: 'renew' },
    { target: 'retrying', actions: 'scheduleRetry' },
  ],
  'sub.tooBrief': [
    { guard: 'isFirstTooBrief', actions: ['raiseExpires', 'repeat'] },
    { target: 'retrying', actions: 'scheduleRetry' },
  ],
  'sub.reject': [
    { guard: 'isUnsupported', target: 'ended', actions: 'end' },
    { target: 'retrying', actions: 'scheduleRetry' },
  ],
  'sub.none': { target: 'retrying', actions: 'scheduleRetry' },
  'clock.notify': { target: 'retrying', actions: 'scheduleRetry' },
  'clock.refresh': { actions: 'sendRefresh' },
  'clock.expiry': { target: 'pending', actions: 'renew' },
  'route.moved': { guard: 'isElsewhere', target: 'moving', actions: 'move' },
  'sub.stop': { target: 'ended', actions: 'unsubscribe' },
} as const;

/** One subscription to the state of a server, which follows the line's route. */
export const subscriptionMachine = setup({
  types: { context: {} as SubscriptionContext, events: {} as SubscriptionEvent, input: {} as SubscriptionContext },
  guards: {
    isActive: ({ event }) => event.type === 'sub.notified' && event.substate === 'active',
    isForGood: ({ event }) => event.type === 'sub.terminated' && forGood.has(event.reason ?? ''),
    mayRenewNow: ({ context, event }) =>
      event.type === 'sub.terminated' && atOnce.has(event.reason ?? '') && context.effects.mayAsk() && isCalm(context),
    isFirstTooBrief: ({ context }) => !context.record.wasTooBrief,
    isUnsupported: ({ event }) => event.type === 'sub.reject' && event.code === 489,
    isUnknown: ({ context, event }) => event.type === 'sub.reject' && event.code === 481 && isCalm(context),
    endsUsage: ({ event }) => event.type === 'sub.reject' && endsUsage.has(event.code),
    isElsewhere: ({ context, event }) => event.type === 'route.moved' && context.effects.isElsewhere(event.place),
  },
  actions: {
    start: ({ context }) => start(context),
    renew: (args) => renew(args),
    move: (args) => move(args),
    repeat: ({ context }) => repeat(context),
    raiseExpires: ({ context, event }) => raiseExpires(context, event),
    recordGrant: ({ context, event }) => recordGrant(context, event),
    recordNotice: ({ context, event }) => recordNotice(context, event),
    sendRefresh: ({ context }) => sendRefresh(context),
    keepUntilExpiry: (args) => keepUntilExpiry(args),
    askElsewhere: ({ context, event }) => askElsewhere(context, event),
    scheduleRetry: (args) => scheduleRetry(args),
    holdRetry: ({ context }) => holdRetry(context),
    end: (args) => end(args),
    unsubscribe: ({ context }) => unsubscribe(context),
  },
}).createMachine({
  id: 'subscription',
  description: 'One subscription (RFC 6665). It lives on the server that serves new requests and is made anew where that moves.',
  context: ({ input }) => input,
  initial: 'ended',
  states: {
    ended: {
      description: 'Nothing is subscribed: the line is not registered yet, it stops, or the server has refused for good.',
      meta: { source: 'RFC 6665 section 4.1.3 (rejected, noresource, invariant), 4.1.2.3' },
      on: { 'sub.start': { target: 'pending', actions: 'start' } },
    },
    pending: {
      description: 'A SUBSCRIBE is on its way, its NOTIFY is awaited, or the server has not decided yet.',
      meta: { source: 'RFC 6665 section 4.1.2' },
      on: asking,
    },
    active: {
      description: 'The server tells what changes; the refresh is armed.',
      meta: { source: 'RFC 6665 section 4.1.2.2; redundancy 6.8' },
      on: {
        ...asking,
        'sub.tooBrief': [{ guard: 'isFirstTooBrief', actions: ['raiseExpires', 'repeat'] }, { actions: 'keepUntilExpiry' }],
        'sub.reject': [
          { guard: 'isUnknown', target: 'pending', actions: 'renew' },
          { guard: 'isUnsupported', target: 'ended', actions: 'end' },
          { guard: 'endsUsage', target: 'retrying', actions: 'scheduleRetry' },
          { actions: 'keepUntilExpiry' },
        ],
        'sub.none': { target: 'pending', actions: 'askElsewhere' },
      },
    },
    moving: {
      description: 'The route moved: a new dialog is asked for at the new server, the old one is forgotten.',
      meta: { source: 'redundancy 6.8 rows 1 and 2; manual: X Resubscribe On Move' },
      on: asking,
    },
    retrying: {
      description: 'The last attempt failed. The next one is armed, or waits for a registration.',
      meta: { source: 'redundancy 6.8 row 4; manual: Sub Retry Intvl' },
      on: {
        'clock.retry': { target: 'pending', actions: 'renew' },
        'sub.start': { target: 'pending', actions: 'renew' },
        'reg.lost': { actions: 'holdRetry' },
        'route.moved': { guard: 'isElsewhere', target: 'moving', actions: 'move' },
        'sub.stop': { target: 'ended', actions: 'unsubscribe' },
      },
    },
  },
});

/* Bodies. Each changes the record first, then commands effects in the order they must happen. */

const clocks = ['refresh', 'expiry', 'retry', 'notify'] as const;

function begin({ record, effects }: SubscriptionContext): void {
  for (const clock of clocks) effects.disarm(clock);
  Object.assign(record, { begunAtMs: effects.now(), refreshAtMs: 0, expiresAtMs: 0, retryAtMs: 0, isNotified: false });
}

function start(context: SubscriptionContext): void {
  begin(context);
  context.effects.decided({ rule: '6.8:start', source: 'redundancy 6.8', action: 'subscribe', inputs: {} });
  context.effects.subscribe();
}

/** What makes a new dialog due, beside a move. */
const occasions: Partial<Record<SubscriptionEvent['type'], Pick<SubscriptionRule, 'rule' | 'source'>>> = {
  'sub.start': { rule: '6.8:registered-again', source: 'redundancy 6.8' },
  'sub.terminated': { rule: '6.8:terminated', source: 'RFC 6665 section 4.1.3' },
  'sub.reject': { rule: '6.8:unknown-there', source: 'RFC 6665 section 4.1.2.2' },
  'clock.retry': { rule: '6.8:retrying/clock.retry', source: 'redundancy 6.8, Sub Retry Intvl' },
  'clock.expiry': { rule: '6.8:clock.expiry', source: 'RFC 6665 section 4.1.2.2' },
};

function renew({ context, event }: Args): void {
  begin(context);
  const { rule, source } = occasions[event.type] ?? { rule: '6.8:renew', source: 'redundancy 6.8' };
  context.effects.decided({ rule, source, action: 'subscribe', inputs: inputsOf(event) });
  context.effects.subscribe();
}

function move({ context, event }: Args): void {
  if (event.type !== 'route.moved') return;
  begin(context);
  context.effects.subscribeAt(event.place);
}

/** A refresh is a request of its dialog; when nobody answers, what follows is a new one: 6.2 and D-13 rule it. */
function askElsewhere(context: SubscriptionContext, event: SubscriptionEvent): void {
  if (event.type !== 'sub.none') return;
  begin(context);
  context.effects.subscribe(event.cause === 'not-registered' ? undefined : event.cause);
}

function repeat({ effects }: SubscriptionContext): void {
  effects.refresh();
}

/** @source RFC 6665 section 4.1.2.1 */
function raiseExpires({ record }: SubscriptionContext, event: SubscriptionEvent): void {
  if (event.type !== 'sub.tooBrief') return;
  record.wasTooBrief = true;
  record.requestedS = Math.max(record.requestedS, event.minS);
}

/** @source RFC 6665 sections 4.1.2.1, 4.1.3 (expires); redundancy 5.5 for the instant of the refresh, C-10 for the clamps */
function holdUntil({ record, settings, effects }: SubscriptionContext, grantedS: number): void {
  const expiryMs = effectiveExpiryS(grantedS, settings) * 1000;
  const nowMs = effects.now();
  record.refreshAtMs = nowMs + refreshDelayMs(expiryMs, settings.timerFMs);
  record.expiresAtMs = nowMs + expiryMs;
  effects.arm('refresh', record.refreshAtMs);
  effects.arm('expiry', record.expiresAtMs);
}

/** The 2xx alone makes no subscription: its NOTIFY must follow within Timer N. @source RFC 6665 section 4.1.2.4 */
function recordGrant(context: SubscriptionContext, event: SubscriptionEvent): void {
  if (event.type !== 'sub.ok') return;
  const { record, settings, effects } = context;
  record.wasTooBrief = false;
  holdUntil(context, event.grantedS);
  if (!record.isNotified) effects.arm('notify', record.askedAtMs + settings.timerNMs);
}

function recordNotice(context: SubscriptionContext, event: SubscriptionEvent): void {
  if (event.type !== 'sub.notified') return;
  context.record.isNotified = true;
  context.effects.disarm('notify');
  if (event.expiresS !== undefined) holdUntil(context, event.expiresS);
}

function sendRefresh({ record, effects }: SubscriptionContext): void {
  record.isNotified = false;
  const { expiresAtMs } = record;
  effects.decided({ rule: '6.8:clock.refresh', source: 'redundancy 5.5, 6.8', action: 'refresh', inputs: { expiresAtMs } });
  effects.refresh();
}

/** Refused for the moment: what the notifier has granted holds until it expires. @source RFC 6665 section 4.1.2.2 */
function keepUntilExpiry({ context, event }: Args): void {
  const { record, effects } = context;
  record.refreshAtMs = effects.now() + pauseMs(context, event);
  const next = { what: 'subscribe', atMs: Math.min(record.refreshAtMs, record.expiresAtMs) } as const;
  if (record.refreshAtMs < record.expiresAtMs) effects.arm('refresh', record.refreshAtMs);
  const source = 'RFC 6665 section 4.1.2.2; Sub Retry Intvl';
  effects.decided({ rule: '6.8:kept', source, action: 'keep', inputs: inputsOf(event), next });
}

function pauseMs({ settings }: SubscriptionContext, event: SubscriptionEvent): number {
  const askedS = event.type === 'sub.reject' || event.type === 'sub.terminated' ? event.retryAfterS : undefined;
  return askedS === undefined || askedS === 0 ? settings.retryMs : askedS * 1000;
}

/** How a subscription failed or ended. */
const endings: Partial<Record<SubscriptionEvent['type'], string>> = {
  'sub.none': '6.8:sub.none',
  'sub.reject': '6.8:sub.reject',
  'sub.tooBrief': '6.8:sub.tooBrief',
  'sub.terminated': '6.8:sub.terminated',
  'clock.notify': '6.8:clock.notify',
  'reg.lost': '6.8:reg.lost',
};

function scheduleRetry({ context, event }: Args): void {
  const { record, effects } = context;
  letGo(context);
  const source = event.type === 'clock.notify' ? 'RFC 6665 section 4.1.2.4 (Timer N); redundancy 6.8' : 'redundancy 6.8';
  const failed = { rule: endings[event.type] ?? '6.8:failed', source, action: 'wait', inputs: inputsOf(event) };
  // Without a registration there is nobody to ask: the next one begins it again.
  if (!effects.mayAsk()) return effects.decided(failed);
  record.retryAtMs = effects.now() + pauseMs(context, event);
  effects.arm('retry', record.retryAtMs);
  effects.decided({ ...failed, next: { what: 'subscribe', atMs: record.retryAtMs } });
}

function holdRetry({ record, effects }: SubscriptionContext): void {
  record.retryAtMs = 0;
  effects.disarm('retry');
}

function letGo({ record, effects }: SubscriptionContext): void {
  for (const clock of clocks) effects.disarm(clock);
  Object.assign(record, { refreshAtMs: 0, expiresAtMs: 0, retryAtMs: 0 });
  effects.drop();
}

function end({ context, event }: Args): void {
  letGo(context);
  const source = event.type === 'sub.reject' ? 'RFC 6665 section 8.3.2 (489)' : 'RFC 6665 section 4.1.3';
  context.effects.decided({ rule: endings[event.type] ?? '6.8:failed', source, action: 'end', inputs: inputsOf(event) });
}

/** Its last NOTIFY is still to be answered: the dialog is not forgotten. @source RFC 6665 section 4.1.2.3 */
function unsubscribe({ record, effects }: SubscriptionContext): void {
  for (const clock of clocks) effects.disarm(clock);
  Object.assign(record, { refreshAtMs: 0, expiresAtMs: 0, retryAtMs: 0 });
  effects.unsubscribe();
}

/** What an event contributes to a decision. */
function inputsOf(event: SubscriptionEvent): SubscriptionRule['inputs'] {
  if (event.type === 'sub.reject') {
    return { code: event.code, ...(event.retryAfterS === undefined ? {} : { retryAfterS: event.retryAfterS }) };
  }
  if (event.type === 'sub.terminated') {
    const { reason = 'none', retryAfterS } = event;
    return { reason, ...(retryAfterS === undefined ? {} : { retryAfterS }) };
  }
  if (event.type === 'sub.none') return { outcome: event.cause };
  return event.type === 'sub.tooBrief' ? { code: 423 } : {};
}
