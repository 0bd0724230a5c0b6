import { type Ambient, type Leg, type LineConfig, randomToken, type Timer } from '@offhook/core';
import type { Dialogs, InviteEnd, OutgoingInvite, Session } from '@offhook/sip';
import type { DecisionDraft } from './decision.ts';
import type { Identity } from './identity.ts';
import type { RunningLeg } from './leg.ts';
import type { LegHop } from './leg-hop.ts';
import type { LiveCall } from './live-call.ts';
import { targetUri } from './requests.ts';
import type { RequestRoute } from './route.ts';
import { createOffer } from './sdp.ts';

export interface OutgoingCallOptions {
  readonly ambient: Ambient;
  readonly config: LineConfig;
  readonly identity: Identity;
  readonly legs: ReadonlyMap<Leg, RunningLeg>;
  dialogs(leg: RunningLeg): Dialogs;
  readonly route: RequestRoute;
  readonly target: string;
  readonly sessionId: number;
  /** What the other side does inside the dialog. */
  watch(session: Session): void;
  onAnswer(body: Uint8Array): void;
  onDecision(draft: DecisionDraft): void;
}

/** The way of one INVITE from server to server until somebody takes the call. */
export interface OutgoingCall {
  /** Asks the route and sends the INVITE; the call may be over when it returns. */
  begin(call: LiveCall): void;
  /** Nothing is sent to another server from now on. */
  cancel(): void;
  readonly session: Session | undefined;
  dispose(): void;
}

/** @source redundancy reference 6.2 (INVITE), 6.4; D-19, D-21, D-47 */
export function createOutgoingCall(options: OutgoingCallOptions): OutgoingCall {
  const { ambient, config, identity, route } = options;
  const callId = randomToken(ambient, 100);
  const fromTag = randomToken(ambient, 50);
  const timerBMs = config.phone.sipTimerB * 1000;
  let cseq = 1;
  let invite: OutgoingInvite | undefined;
  let session: Session | undefined;
  let hasProgressed = false;
  let isCancelled = false;
  let expires: Timer | undefined;

  function attempt(call: LiveCall, name: Leg): void {
    const leg = options.legs.get(name);
    if (leg === undefined) return call.send({ type: 'sip.failed', reason: `no ${name} leg` });
    call.note({ leg: name });
    leg.hops.use(timerBMs, (result) => {
      if (isCancelled || call.isOver()) return;
      if ('failure' in result) return after(call, { type: 'transport' });
      transmit(call, leg, result.hop);
    });
  }

  function transmit(call: LiveCall, leg: RunningLeg, hop: LegHop): void {
    const uri = targetUri(identity, leg.leg, options.target);
    const body = createOffer({ codecs: config.ext.preferredCodecs, host: hop.localHost, sessionId: options.sessionId, version: 1 });
    invite = options.dialogs(leg).invite({
      hop,
      contact: leg.contact(hop),
      uri,
      to: uri,
      routes: identity.legs[leg.leg]?.routes ?? [],
      callId,
      fromTag,
      cseq,
      expiresS: config.phone.inviteExpires,
      body: { type: 'application/sdp', bytes: body },
      handler: {
        onProvisional(response) {
          hasProgressed = true;
          if (response.status > 100) call.send({ type: 'sip.progress', status: response.status });
        },
        onAccepted(accepted, response) {
          session = accepted;
          ambient.clearTimer(expires);
          options.watch(accepted);
          options.onAnswer(response.body);
          call.send({ type: 'sip.accepted' });
        },
        onRejected: (end) => after(call, end),
      },
    });
  }

  function after(call: LiveCall, end: Pick<InviteEnd, 'type'> & Partial<InviteEnd>): void {
    cseq = invite?.cseq ?? cseq;
    if (call.isOver() || isCancelled) return;
    // A server that has answered provisionally keeps the call; only its own final answer can move it (D-19).
    if (hasProgressed && end.type !== 'final') {
      options.onDecision({ about: 'call', rule: 'D-19:after-provisional', source: 'redundancy D-19', outcome: { action: 'deliver', reason: end.type } });
      return call.send({ type: 'sip.failed', reason: end.type });
    }
    const status = 'response' in end && end.response !== undefined ? end.response.status : 0;
    const last = end.type === 'final' ? ({ type: 'final', status } as const) : ({ type: end.type } as const);
    const verdict = route.after(last);
    hasProgressed = false;
    if (verdict?.next === 'send') return attempt(call, verdict.leg);
    call.send({ type: 'sip.failed', reason: last.type === 'final' ? `answered ${status}` : last.type, ...(status > 0 ? { status } : {}) });
  }

  return {
    begin(call) {
      const verdict = route.first();
      if (verdict.next === 'refuse') return call.send({ type: 'sip.failed', reason: verdict.reason, status: verdict.status });
      if (verdict.next !== 'send') return call.send({ type: 'sip.failed', reason: 'no server' });
      const { inviteExpires } = config.phone;
      if (inviteExpires > 0) expires = ambient.setTimer(() => call.send({ type: 'clock.inviteExpires' }), inviteExpires * 1000);
      attempt(call, verdict.leg);
    },
    cancel() {
      isCancelled = true;
      ambient.clearTimer(expires);
      invite?.cancel();
    },
    get session() {
      return session;
    },
    dispose: () => ambient.clearTimer(expires),
  };
}
