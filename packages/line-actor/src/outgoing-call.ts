import { type Ambient, type Leg, type LineConfig, randomToken, type Timer } from '@offhook/core';
import type { Dialogs, HeaderFields, InviteEvent, OutgoingInvite, RequestFailure, Session } from '@offhook/sip';
import type { DecisionDraft } from './decision.ts';
import type { Identity } from './identity.ts';
import type { RunningLeg } from './leg.ts';
import type { LegHop } from './leg-hop.ts';
import type { LiveCall } from './live-call.ts';
import { targetUri } from './requests.ts';
import type { RequestRoute } from './route.ts';
import { createOffer, readSdp } from './sdp.ts';

export interface OutgoingCallOptions {
  readonly ambient: Ambient;
  readonly config: LineConfig;
  readonly identity: Identity;
  readonly legs: ReadonlyMap<Leg, RunningLeg>;
  dialogs(leg: RunningLeg): Dialogs;
  readonly route: RequestRoute;
  readonly target: string;
  readonly sessionId: number;
  /** Somebody took the call. */
  onSession(session: Session, hop: LegHop): void;
  onDecision(draft: DecisionDraft): void;
}

/** The way of one INVITE from server to server until somebody takes the call. */
export interface OutgoingCall {
  /** Asks the route and sends the INVITE; the call may be over when it returns. */
  begin(call: LiveCall): void;
  /** Nothing is sent to another server from now on. */
  cancel(): void;
  dispose(): void;
}

/** @source redundancy reference 6.2 (INVITE), 6.4; D-19, D-21, D-47 */
export function createOutgoingCall(options: OutgoingCallOptions): OutgoingCall {
  const { ambient, config, identity, route } = options;
  const callId = randomToken(ambient, 100);
  const fromTag = randomToken(ambient, 50);
  const { inviteExpires, sipTimerB } = config.phone;
  const headers: HeaderFields = inviteExpires > 0 ? [['Expires', String(inviteExpires)]] : [];
  let cseq = 1;
  let invite: OutgoingInvite | undefined;
  let isCancelled = false;
  let expires: Timer | undefined;

  function attempt(call: LiveCall, name: Leg): void {
    const leg = options.legs.get(name);
    if (leg === undefined) return call.send({ type: 'sip.failed', reason: `no ${name} leg` });
    call.note({ leg: name });
    leg.hops.use(sipTimerB * 1000, (result) => {
      if (isCancelled || call.isOver()) return;
      if ('failure' in result) return after(call, { type: 'transport' });
      transmit(call, leg, result.hop);
    });
  }

  function transmit(call: LiveCall, leg: RunningLeg, hop: LegHop): void {
    const uri = targetUri(identity, leg.leg, options.target);
    const offer = createOffer({
      codecs: config.ext.preferredCodecs,
      host: hop.localHost,
      sessionId: options.sessionId,
      version: 1,
    });
    let hasProgressed = false;
    invite = options.dialogs(leg).invite({ hop, callId, fromTag, cseq, uri, offer, headers }, (event: InviteEvent) => {
      if (event.type === 'progress') {
        hasProgressed = true;
        if (event.status > 100) call.send({ type: 'sip.progress', status: event.status });
      } else if (event.type === 'accepted') {
        ambient.clearTimer(expires);
        const codec = event.sdp === undefined ? undefined : readSdp(event.sdp)?.media[0]?.rtp[0]?.codec;
        if (codec !== undefined) call.note({ codec });
        options.onSession(event.session, hop);
        call.send({ type: 'sip.accepted' });
      } else if (event.isFinal || (hasProgressed && event.failure.type !== 'final')) stays(call, event.failure, hasProgressed);
      else after(call, event.failure);
    });
  }

  /** A server that has answered provisionally keeps the call; only its own final answer can move it (D-19). */
  function stays(call: LiveCall, failure: RequestFailure, hasProgressed: boolean): void {
    if (hasProgressed && !call.isOver()) {
      const outcome = { action: 'deliver', reason: failure.type };
      options.onDecision({
        about: 'call',
        rule: 'D-19:after-provisional',
        source: 'redundancy D-19',
        request: { method: 'INVITE', id: call.id },
        outcome,
      });
    }
    fail(call, failure);
  }

  function after(call: LiveCall, failure: Pick<RequestFailure, 'type'> & { readonly status?: number }): void {
    cseq = invite?.cseq ?? cseq;
    if (call.isOver() || isCancelled) return;
    const verdict = route.after(
      failure.type === 'final' ? { type: 'final', status: failure.status ?? 0 } : { type: failure.type },
    );
    if (verdict?.next === 'send') attempt(call, verdict.leg);
    else fail(call, failure);
  }

  function fail(call: LiveCall, { type, status }: Pick<RequestFailure, 'type'> & { readonly status?: number }): void {
    ambient.clearTimer(expires);
    call.send({
      type: 'sip.failed',
      reason: status === undefined ? type : `answered ${status}`,
      ...(status === undefined ? {} : { status }),
    });
  }

  return {
    begin(call) {
      const verdict = route.first();
      if (verdict.next === 'refuse') return call.send({ type: 'sip.failed', reason: verdict.reason, status: verdict.status });
      if (verdict.next !== 'send') return call.send({ type: 'sip.failed', reason: 'no server' });
      if (inviteExpires > 0) expires = ambient.setTimer(() => call.send({ type: 'clock.inviteExpires' }), inviteExpires * 1000);
      attempt(call, verdict.leg);
    },
    cancel() {
      isCancelled = true;
      ambient.clearTimer(expires);
      invite?.cancel();
    },
    dispose: () => ambient.clearTimer(expires),
  };
}
