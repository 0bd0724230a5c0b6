import { CommandError, type FlowFailure } from '@offhook/core';
import type { IncomingInvite, ServerTransaction, Session, SipRequest } from '@offhook/sip';
import { createLegDialogs } from './leg-dialogs.ts';
import type { LegHop } from './leg-hop.ts';
import type { LineScope } from './line-scope.ts';
import { type CallFact, createLiveCall, type LiveCall } from './live-call.ts';
import { createOutgoingCall } from './outgoing-call.ts';
import type { Place } from './place.ts';
import { createAnswer, createOffer, directionOf, readSdp } from './sdp.ts';

/** The calls of one line. */
export interface LineCalls {
  /** Places a call; the INVITE is routed when it returns, or the call is over. */
  dial(target: string): CallFact;
  /** Ends one call, or all. @throws CommandError `E_CALL_UNKNOWN` */
  hangup(id: string | undefined): readonly CallFact[];
  /** Answers the call named, or the one that rings. @throws CommandError `E_CALL_UNKNOWN` */
  answer(id: string | undefined): CallFact;
  list(): readonly CallFact[];
  /** True when a dialog of this line has taken the request. */
  inDialog(server: ServerTransaction): boolean;
  /** ACK of a 2xx. */
  ack(request: SipRequest): void;
  incoming(server: ServerTransaction): void;
  endAll(): void;
  flowFailed(failure: FlowFailure): void;
  dispose(): void;
}

/** Call appearances of one line; a further call finds it busy. */
const maxCalls = 2;
/**
 * An unanswered call rings no longer than this, or than its Expires says: a caller that is gone would keep the appearance for ever.
 * Longer than any proxy waits (Timer C). @source RFC 3261 sections 13.3.1, 16.6 step 11
 */
const longestRingMs = 240_000;

/** Made when a line has its first call. */
export function createLineCalls(line: LineScope): LineCalls {
  const { ambient, host } = line;
  const codecs = () => line.config.ext.preferredCodecs;
  const calls = new Map<string, LiveCall>();
  let numbered = 0;
  const newSessionId = (): number => Math.floor(ambient.random() * 2 ** 31);

  const dialogs = createLegDialogs(line, {
    onInvite: ring,
    onFault: (error) => ambient.log.warn('a dialog stumbled over a message', { error }),
  });

  function track(
    direction: CallFact['direction'],
    effects: Parameters<typeof createLiveCall>[0]['effects'],
    onEnd: () => void,
  ): LiveCall {
    numbered += 1;
    const call = createLiveCall({
      id: `c${numbered}`,
      direction,
      host,
      effects,
      onError: (error) => line.fail(error),
      onFact(fact) {
        line.publish('call', () => fact);
        if (fact.state !== 'ended') return;
        calls.delete(fact.id);
        onEnd();
        if (calls.size === 0) line.callsEnded();
      },
    });
    calls.set(call.id, {
      ...call,
      stop() {
        call.stop();
        onEnd();
      },
    });
    return call;
  }

  /** The other side inside the dialog: BYE, hold and resume, and a dialog that cannot go on. */
  function watch(call: LiveCall, session: Session, hop: LegHop, sessionId: number): void {
    let version = 1;
    session.onEvent = (event) => {
      if (event.type === 'bye') return call.send({ type: 'sip.bye' });
      if (event.type === 'lost') return call.send({ type: 'sip.lost', reason: event.reason });
      if (event.type === 'acked') return call.send({ type: 'sip.accepted' });
      version += 1;
      const described = { codecs: codecs(), host: hop.localHost, sessionId, version };
      if (event.sdp === undefined) return event.respond({ sdp: createOffer(described) });
      const answer = createAnswer(event.sdp, described);
      if (answer === undefined) return event.respond({ status: 488 });
      event.respond({ sdp: answer.sdp });
      const offer = readSdp(event.sdp);
      const theirs = offer === undefined ? 'sendrecv' : directionOf(offer);
      call.send({ type: theirs === 'sendonly' || theirs === 'inactive' ? 'sip.held' : 'sip.resumed' });
    };
  }

  function ring(invite: IncomingInvite, { leg, identity }: Place, hop: LegHop): void {
    const sessionId = newSessionId();
    const described = { codecs: codecs(), host: hop.localHost, sessionId, version: 1 };
    const answer = invite.offer === undefined ? undefined : createAnswer(invite.offer, described);
    if (invite.offer !== undefined && answer === undefined) return invite.reject(488);
    let session: Session | undefined;
    const expiresS = Number(/^\d{1,9}$/.exec(invite.request.header('Expires') ?? '')?.[0] ?? longestRingMs);
    const ringMs = Math.min(expiresS * 1_000, longestRingMs);
    const ringTimer = ambient.setTimer(() => call.send({ type: 'clock.inviteExpires' }), ringMs);
    const effects = {
      cancel: () => invite.reject(487),
      decline: () => invite.reject(480),
      accept() {
        ambient.clearTimer(ringTimer);
        session = invite.accept(answer?.sdp ?? createOffer(described));
        if (session === undefined) call.send({ type: 'sip.failed', reason: 'cancelled', status: 487 });
        else watch(call, session, hop, sessionId);
      },
      bye: () => session?.bye(),
    };
    const call = track('incoming', effects, () => ambient.clearTimer(ringTimer));
    call.note({ leg: leg.leg, ...(answer === undefined ? {} : { codec: answer.codec }) });
    const outcome = { action: 'pin', leg: leg.leg, server: identity.server };
    line.note({
      about: 'inbound',
      rule: '6.5:pinned',
      source: 'redundancy 6.5, 6.6',
      request: { method: 'INVITE', id: call.id },
      outcome,
    });
    invite.onCancelled = () => call.send({ type: 'sip.failed', reason: 'cancelled', status: 487 });
    invite.progress(180);
    call.send({ type: 'sip.progress', status: 180 });
  }

  function find(id: string | undefined, fits: (call: LiveCall) => boolean): LiveCall {
    const call = id === undefined ? [...calls.values()].find(fits) : calls.get(id);
    if (call !== undefined) return call;
    const known = [...calls.keys()].join(', ') || 'none';
    throw new CommandError(
      'E_CALL_UNKNOWN',
      `There is no ${id === undefined ? 'ringing call' : `call "${id}"`}. Calls of this line: ${known}.`,
    );
  }

  return {
    dial(target) {
      const sessionId = newSessionId();
      let session: Session | undefined;
      const outgoing = createOutgoingCall({
        line,
        dialogs: dialogs.of,
        route: line.route('INVITE', `c${numbered + 1}`),
        target,
        sessionId,
        onSession(accepted, hop) {
          session = accepted;
          watch(call, accepted, hop, sessionId);
          const { leg } = call.fact();
          if (leg !== undefined) line.inviteAccepted(leg);
        },
      });
      const effects = { cancel: outgoing.cancel, decline() {}, accept() {}, bye: () => session?.bye() };
      const call = track('outgoing', effects, outgoing.dispose);
      try {
        outgoing.begin(call);
      } catch (error) {
        call.send({ type: 'sip.failed', reason: 'fault' });
        throw error;
      }
      return call.fact();
    },
    hangup(id) {
      const chosen = id === undefined ? [...calls.values()] : [find(id, () => true)];
      for (const call of chosen) call.send({ type: 'call.hangup' });
      return chosen.map((call) => call.fact());
    },
    answer(id) {
      const call = find(id, (each) => each.fact().direction === 'incoming' && each.fact().state === 'ringing');
      call.send({ type: 'call.answer' });
      return call.fact();
    },
    list: () => [...calls.values()].map((call) => call.fact()),
    inDialog(server) {
      const owner = dialogs.all().find((each) => each.owns(server.request));
      owner?.receive(server);
      return owner !== undefined;
    },
    ack: (request) =>
      dialogs
        .all()
        .find((each) => each.owns(request))
        ?.receiveAck(request),
    incoming(server) {
      const place = dialogs.placeOf(server);
      if (place === undefined) return server.respond({ status: 480 });
      if (calls.size >= maxCalls) return server.respond({ status: 486 });
      dialogs.of(place).receive(server);
    },
    endAll() {
      for (const call of [...calls.values()]) call.send({ type: 'call.hangup' });
    },
    flowFailed: dialogs.flowFailed,
    dispose() {
      for (const call of calls.values()) call.stop();
      calls.clear();
      dialogs.dispose();
    },
  };
}
