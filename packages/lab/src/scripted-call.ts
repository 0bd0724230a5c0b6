import { type Ambient, type Endpoint, randomToken, type Timer } from '@offhook/core';
import type { HeaderFields, ServerTransaction, SipResponse } from '@offhook/sip';
import { type CallDialog, learnDialog } from './call-dialog.ts';
import type { Attempt, Party } from './party.ts';
import { describeMedia } from './sdp.ts';
import type { CalleePlan, CallState, ScriptedCall } from './user-agent.types.ts';

/** A call with the doors its party uses. */
export interface LiveCall extends ScriptedCall {
  readonly dialog: CallDialog;
  /** Takes a request of the dialog. */
  receive(server: ServerTransaction): void;
  /** Takes the ACK of our 2xx. */
  acked(): void;
  stop(): void;
}

type Record = { -readonly [Field in keyof ScriptedCall]: ScriptedCall[Field] } & { statuses: number[] };

interface CallHost {
  readonly ambient: Ambient;
  readonly party: Party;
}

const mediaPort = 40_000;
const offer = (address: Endpoint): Uint8Array => describeMedia({ at: { host: address.host, port: mediaPort } });

function createBase({ ambient, party }: CallHost, direction: 'in' | 'out', dialog: CallDialog) {
  const timers = new Set<Timer>();
  const record: Record = {
    direction,
    callId: dialog.callId,
    invite: undefined,
    state: 'trying' as CallState,
    statuses: [],
    startedAtMs: ambient.now(),
    upAtMs: undefined,
    endedAtMs: undefined,
    ending: undefined,
    acknowledged: false,
    hangUp: () => {},
    request: (method, headers: HeaderFields = [], body) =>
      new Promise((resolve) => {
        const writing = {
          method,
          headers: [['Contact', party.contact] as const, ...headers],
          ...(body !== undefined && { body }),
        };
        party.send(dialog, writing, undefined, (status) => {
          if (status < 200) return;
          if (method === 'INVITE' && status < 300) party.acknowledge(dialog, dialog.cseq);
          resolve(status);
        });
      }),
  };
  const clearTimers = (): void => {
    for (const timer of timers) ambient.clearTimer(timer);
    timers.clear();
  };
  return {
    record,
    clearTimers,
    later(delayMs: number, task: () => void): void {
      const timer = ambient.setTimer(() => {
        timers.delete(timer);
        task();
      }, delayMs);
      timers.add(timer);
    },
    end(ending: NonNullable<ScriptedCall['ending']>): void {
      if (record.state === 'ended') return;
      clearTimers();
      record.state = 'ended';
      record.ending = ending;
      record.endedAtMs = ambient.now();
    },
    up(): void {
      if (record.state === 'ended' || record.upAtMs !== undefined) return;
      record.state = 'up';
      record.upAtMs = ambient.now();
    },
    bye(): void {
      party.send(dialog, { method: 'BYE' }, undefined, () => {});
    },
    /** Requests inside the dialog are accepted; BYE ends it. */
    receive(server: ServerTransaction, end: (ending: 'there') => void): void {
      const { method } = server.request;
      const isOffer = method === 'INVITE' || method === 'UPDATE';
      const headers: HeaderFields = isOffer
        ? [
            ['Contact', party.contact],
            ['Content-Type', 'application/sdp'],
          ]
        : [];
      server.respond({ status: 200, headers, ...(isOffer && { body: offer(party.address) }) });
      if (method === 'BYE') end('there');
    },
  };
}

/** Places a call: the same INVITE to every proxy. */
export function placeCall(host: CallHost, dialog: CallDialog, proxies: readonly Endpoint[], headers: HeaderFields): LiveCall {
  const { party } = host;
  const base = createBase(host, 'out', dialog);
  const { record } = base;
  let pending = proxies.length;
  let hungUp = false;

  function heard(status: number, response: SipResponse | undefined): void {
    if (response !== undefined) record.statuses.push(status);
    if (status < 200) {
      if (status > 100 && record.state === 'trying') record.state = 'ringing';
    } else if (status < 300 && response !== undefined) answered(response);
    else if (--pending === 0 && record.upAtMs === undefined) {
      base.end(hungUp ? 'here' : response === undefined ? 'no-response' : 'rejected');
    }
  }

  function answered(response: SipResponse): void {
    if (!record.acknowledged) learnDialog(dialog, response);
    record.acknowledged = true;
    party.acknowledge(dialog, response.cseq.number);
    base.up();
    if (hungUp && record.state === 'up') hangUp();
  }

  function hangUp(): void {
    hungUp = true;
    if (record.state === 'up') {
      base.end('here');
      base.bye();
    } else for (const attempt of attempts) attempt.cancel();
  }

  const writing = {
    method: 'INVITE',
    number: dialog.cseq + 1,
    headers: [['Contact', party.contact] as const, ...headers],
    body: offer(party.address),
  };
  const attempts: Attempt[] = proxies.map((proxy) => party.send(dialog, writing, proxy, heard));
  record.hangUp = hangUp;
  return Object.assign(record, {
    dialog,
    receive: (server: ServerTransaction) => base.receive(server, base.end),
    acked() {},
    stop: base.clearTimers,
  });
}

/** Takes a call as the plan says. */
export function takeCall(
  host: CallHost,
  dialog: CallDialog,
  server: ServerTransaction,
  plan: CalleePlan,
  t1Ms: number,
): LiveCall {
  const { party } = host;
  const base = createBase(host, 'in', dialog);
  const { record } = base;
  record.invite = server.request;

  function respond(status: number): void {
    if (record.state === 'ended') return;
    record.statuses.push(status);
    const body = status >= 200 && status < 300 ? { body: offer(party.address) } : {};
    const type: HeaderFields = 'body' in body ? [['Content-Type', 'application/sdp']] : [];
    server.respond({ status, headers: [['Contact', party.contact], ...type, ...(status >= 200 ? plan.headers : [])], ...body });
  }

  function answer(): void {
    respond(plan.status);
    if (plan.status >= 300) return base.end('rejected');
    base.up();
    repeat(t1Ms, 64 * t1Ms);
  }

  /** The 2xx is repeated until its ACK. @source RFC 3261 section 13.3.1.4 */
  function repeat(waitMs: number, leftMs: number): void {
    base.later(waitMs, () => {
      if (record.acknowledged) return;
      if (leftMs <= waitMs) {
        base.end('no-response');
        return base.bye();
      }
      respond(plan.status);
      repeat(Math.min(2 * waitMs, 8 * t1Ms), leftMs - waitMs);
    });
  }

  function hangUp(): void {
    if (record.state === 'ended') return;
    const { upAtMs } = record;
    if (upAtMs === undefined) respond(486);
    base.end('here');
    if (upAtMs !== undefined) base.bye();
  }

  server.onCancelled = () => {
    if (record.upAtMs !== undefined) return;
    respond(487);
    base.end('there');
  };
  const atOnce = (delayMs: number, task: () => void): void => (delayMs <= 0 ? task() : base.later(delayMs, task));
  record.hangUp = hangUp;
  if (plan.ringAfterMs !== undefined) {
    atOnce(plan.ringAfterMs, () => {
      respond(180);
      if (record.state === 'trying') record.state = 'ringing';
    });
  }
  if (plan.answerAfterMs !== undefined) atOnce(plan.answerAfterMs, answer);
  return Object.assign(record, {
    dialog,
    receive: (request: ServerTransaction) => base.receive(request, base.end),
    acked() {
      if (record.acknowledged) return;
      record.acknowledged = true;
      base.clearTimers();
      if (plan.hangUpAfterMs !== undefined) base.later(plan.hangUpAfterMs, hangUp);
    },
    stop: base.clearTimers,
  });
}

/** A dialog this party begins. */
export function newDialog(ambient: Ambient, local: string, target: string): CallDialog {
  const tag = randomToken(ambient, 64);
  return {
    callId: randomToken(ambient, 80),
    local: `<${local}>;tag=${tag}`,
    remote: `<${target}>`,
    remoteTarget: target,
    routes: [],
    cseq: 0,
  };
}
