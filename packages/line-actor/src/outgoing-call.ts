import { randomToken, type Timer } from '@offhook/core';
import type { Dialogs, HeaderFields, InviteEvent, OutgoingInvite, RequestFailure, Session } from '@offhook/sip';
import { type CallSheet, writeDown } from './call-sheet.ts';
import type { LegHop } from './leg-hop.ts';
import type { LineScope } from './line-scope.ts';
import type { LiveCall } from './live-call.ts';
import type { RequestEnd } from './outcome.ts';
import type { Place, SendVerdict } from './place.ts';
import { targetUri } from './requests.ts';
import type { RequestRoute } from './route.ts';
import { createOffer, readSdp } from './sdp.ts';

export interface OutgoingCallOptions {
  readonly line: LineScope;
  dialogs(place: Place): Dialogs;
  readonly route: RequestRoute;
  readonly target: string;
  /** What is known of the call: filled as it goes from server to server. */
  readonly sheet: CallSheet;
  /** Somebody took the call. */
  onSession(session: Session, hop: LegHop): void;
}

/** The way of one INVITE from server to server until somebody takes the call. */
export interface OutgoingCall {
  /** Asks the route and sends the INVITE; the call may be over when it returns. */
  begin(call: LiveCall): void;
  /** Nothing is sent to another server from now on. */
  cancel(by: keyof typeof cancellations): void;
  dispose(): void;
}

const cancellations = {
  caller: { rule: '6.2:caller-cancelled', source: 'redundancy 6.2 (user cancelled before failover)' },
  'edge-lost': { rule: 'D-46:edge', source: 'redundancy D-46' },
  'invite-expired': { rule: 'D-19:invite-expired', source: 'redundancy 3.5 INVITE Expires, D-19' },
} as const;

/** @source redundancy reference 6.2 (INVITE), 6.4; D-19, D-21, D-47 */
export function createOutgoingCall(options: OutgoingCallOptions): OutgoingCall {
  const { line, route, sheet } = options;
  const { ambient, config, identity } = line;
  const callId = randomToken(ambient, 100);
  const fromTag = randomToken(ambient, 50);
  const { inviteExpires, sipTimerB } = config.phone;
  const headers: HeaderFields = inviteExpires > 0 ? [['Expires', String(inviteExpires)]] : [];
  let cseq = 1;
  let invite: OutgoingInvite | undefined;
  let isCancelled = false;
  /** The INVITE waits for its flow: it has not left. */
  let isConnecting = false;
  let expires: Timer | undefined;

  function attempt(call: LiveCall, verdict: SendVerdict): void {
    isConnecting = true;
    line.place(verdict, (placed) => {
      isConnecting = false;
      if (isCancelled || call.isOver()) return;
      if ('place' in placed) return connect(call, placed.place);
      if (placed.failure === 'register') return after(call, { type: 'register' });
      call.send({ type: 'sip.failed', reason: `no ${verdict.leg} leg` });
    });
  }

  function connect(call: LiveCall, place: Place): void {
    call.note({ leg: place.leg.leg });
    isConnecting = true;
    place.hops.use(sipTimerB * 1000, (result) => {
      isConnecting = false;
      if (isCancelled || call.isOver()) return;
      if ('failure' in result) return after(call, { type: 'transport', connected: false, detail: result.failure.detail });
      transmit(call, place, result.hop);
    });
  }

  function transmit(call: LiveCall, place: Place, hop: LegHop): void {
    const uri = targetUri(identity, place.identity, options.target);
    const offer = createOffer({
      codecs: config.ext.preferredCodecs,
      host: hop.localHost,
      sessionId: sheet.sessionId,
      version: sheet.version,
    });
    let hasProgressed = false;
    const onAgain = (status: number): void => {
      hasProgressed = false;
      route.again(status);
    };
    const onSent = (head: string): void => {
      sheet.invite = { head, isProceeding: false };
      writeDown(line, call.fact(), sheet);
    };
    Object.assign(sheet, { hop, server: place.identity.server });
    const request = { hop, callId, fromTag, cseq, uri, offer, headers, onAgain, ...(line.callStore && { onSent }) };
    invite = options.dialogs(place).invite(request, (event: InviteEvent) => {
      if (event.type === 'progress') {
        hasProgressed = true;
        proceed(call);
        if (event.status > 100) call.send({ type: 'sip.progress', status: event.status });
      } else if (event.type === 'accepted') {
        ambient.clearTimer(expires);
        const codec = event.sdp === undefined ? undefined : readSdp(event.sdp)?.media[0]?.rtp[0]?.codec;
        if (codec !== undefined) call.note({ codec });
        route.note({ rule: '6.5:pinned', source: 'redundancy 6.5', outcome: { action: 'pin' } });
        options.onSession(event.session, hop);
        call.send({ type: 'sip.accepted' });
      } else if (event.isFinal || (hasProgressed && event.failure.type !== 'final')) stays(call, event.failure);
      else after(call, event.failure);
    });
  }

  /** From now on another owner may cancel it. */
  function proceed(call: LiveCall): void {
    if (sheet.invite === undefined || sheet.invite.isProceeding) return;
    sheet.invite = { ...sheet.invite, isProceeding: true };
    writeDown(line, call.fact(), sheet);
  }

  /** A server that has answered provisionally keeps the call; only its own final answer can move it (D-19). */
  function stays(call: LiveCall, failure: RequestFailure): void {
    const rule =
      failure.type === 'final'
        ? { rule: '6.2:final-answer', source: 'redundancy 3.4 Max Redirection, 6.2; RFC 3261 section 12.1' }
        : { rule: 'D-19:after-provisional', source: 'redundancy D-19' };
    const status = failure.type === 'final' ? { status: failure.status } : {};
    if (!call.isOver()) route.note({ ...rule, outcome: { action: 'deliver', reason: failure.type, ...status } });
    fail(call, failure);
  }

  function after(call: LiveCall, failure: RequestEnd): void {
    cseq = invite?.cseq ?? cseq;
    line.whenSettled(() => {
      if (call.isOver() || isCancelled) return;
      const verdict = route.after(failure);
      if (verdict?.next === 'send') attempt(call, verdict);
      else fail(call, failure);
    });
  }

  function fail(call: LiveCall, failure: RequestEnd): void {
    ambient.clearTimer(expires);
    const status = failure.type === 'final' ? failure.status : undefined;
    call.send({
      type: 'sip.failed',
      reason: status === undefined ? (failure.type === 'register' ? 'not-registered' : failure.type) : `answered ${status}`,
      ...(status === undefined ? {} : { status }),
    });
  }

  return {
    begin(call) {
      const verdict = route.first();
      if (verdict.next === 'refuse') return call.send({ type: 'sip.failed', reason: verdict.reason, status: verdict.status });
      if (verdict.next !== 'send') return call.send({ type: 'sip.failed', reason: 'no server' });
      if (inviteExpires > 0) expires = ambient.setTimer(() => call.send({ type: 'clock.inviteExpires' }), inviteExpires * 1000);
      attempt(call, verdict);
    },
    cancel(by) {
      isCancelled = true;
      const inputs = isConnecting ? { connected: false } : {};
      route.note({ ...cancellations[by], inputs, outcome: { action: 'cancel', reason: by } });
      ambient.clearTimer(expires);
      invite?.cancel();
    },
    dispose: () => ambient.clearTimer(expires),
  };
}
