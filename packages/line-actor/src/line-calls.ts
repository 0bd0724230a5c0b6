import { type CallFacts, CommandError, type FlowFailure, type Leg } from '@offhook/core';
import type { IncomingInvite, ServerTransaction, Session, SipRequest, SipResponse } from '@offhook/sip';
import { type CallSheet, writeDown } from './call-sheet.ts';
import { createCallTakeover, type ResumedCall } from './call-takeover.ts';
import { createLegDialogs } from './leg-dialogs.ts';
import type { LegHop } from './leg-hop.ts';
import type { LineScope } from './line-scope.ts';
import { type CallFact, createLiveCall, type LiveCall, type LiveCallOptions } from './live-call.ts';
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
  /** A 2xx to an INVITE that no transaction knows. @returns false when no dialog knows it either */
  lateAccept(response: SipResponse): boolean;
  incoming(server: ServerTransaction): void;
  /** Goes on with the calls that an earlier owner of the line has left, before anything reaches them, or ends them. */
  takeOver(kept: readonly CallFacts[], goesOn: boolean): void;
  endAll(): void;
  /** The far side of calls of that leg cannot reach it any more: they end. */
  edgeLost(leg: Leg): void;
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

/** The far side sends no more than music. @source RFC 3264 section 8.4 */
function isHold(sdp: string): boolean {
  const session = readSdp(sdp);
  return session !== undefined && ['sendonly', 'inactive'].includes(directionOf(session));
}

/** Made when a line has its first call. */
export function createLineCalls(line: LineScope): LineCalls {
  const { ambient, host } = line;
  const describedBy = ({ sessionId, version }: CallSheet, { localHost: host }: LegHop) => ({
    codecs: line.config.ext.preferredCodecs,
    ...{ host, sessionId, version },
  });
  const calls = new Map<string, LiveCall>();
  let numbered = 0;
  const newSessionId = (): number => Math.floor(ambient.random() * 2 ** 31);

  const dialogs = createLegDialogs(line, {
    onInvite: ring,
    onFault: (error) => ambient.log.warn('a dialog stumbled over a message', { error }),
  });

  const nextId = (): string => {
    numbered += 1;
    return `c${numbered}`;
  };

  function track(
    options: Pick<LiveCallOptions, 'id' | 'direction' | 'effects' | 'resumed'>,
    sheet: CallSheet,
    onEnd: () => void,
  ): LiveCall {
    const call = createLiveCall({
      ...options,
      host,
      onError: (error) => line.fail(error),
      onFact(fact) {
        line.publish('call', () => fact);
        writeDown(line, fact, sheet);
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
  function watch(call: LiveCall, session: Session, hop: LegHop, sheet: CallSheet): void {
    sheet.session = session;
    session.onChange = () => writeDown(line, call.fact(), sheet);
    session.onEvent = (event) => {
      if (event.type === 'bye') return call.send({ type: 'sip.bye' });
      if (event.type === 'lost') return call.send({ type: 'sip.lost', reason: event.reason });
      if (event.type === 'acked') return call.send({ type: 'sip.accepted' });
      sheet.version += 1;
      const described = describedBy(sheet, hop);
      if (event.sdp === undefined) return event.respond({ sdp: createOffer(described) });
      const answer = createAnswer(event.sdp, described);
      if (answer === undefined) return event.respond({ status: 488 });
      event.respond({ sdp: answer.sdp });
      call.send({ type: isHold(event.sdp) ? 'sip.held' : 'sip.resumed' });
    };
  }

  function ring(invite: IncomingInvite, { leg, identity }: Place, hop: LegHop): void {
    const sheet: CallSheet = { sessionId: newSessionId(), version: 1, hop, server: identity.server };
    const described = describedBy(sheet, hop);
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
        else watch(call, session, hop, sheet);
      },
      bye: () => session?.bye(),
    };
    if (line.callStore !== undefined) {
      const { head, remote } = invite;
      Object.assign(sheet, {
        invite: { head, isProceeding: true, remote },
        dialog: invite.dialog(),
      } satisfies Partial<CallSheet>);
    }
    const call = track({ id: nextId(), direction: 'incoming', effects }, sheet, () => ambient.clearTimer(ringTimer));
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

  const takeover = createCallTakeover({ line, dialogs, resume });

  function resume(facts: CallFacts, session: Session, hop: LegHop): ResumedCall {
    const { call: id, direction, state, leg, server, sessionId, sdpVersion, codec } = facts;
    const sheet: CallSheet = { sessionId, version: sdpVersion, hop, server, session };
    const effects = { cancel() {}, decline() {}, accept() {}, bye: () => session.bye() };
    const resumed = { held: state === 'held', leg, ...(codec === undefined ? {} : { codec }) };
    const call = track({ id, direction, effects, resumed }, sheet, () => {});
    watch(call, session, hop, sheet);
    const ask = (): void => {
      sheet.version += 1;
      session.reinvite(createOffer(describedBy(sheet, hop)), [], (result) => {
        if (result.ok && result.sdp !== undefined) call.send({ type: isHold(result.sdp) ? 'sip.held' : 'sip.resumed' });
      });
    };
    return { call, ask };
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
      const sheet: CallSheet = { sessionId: newSessionId(), version: 1 };
      const outgoing = createOutgoingCall({
        line,
        dialogs: dialogs.of,
        route: line.route('INVITE', `c${numbered + 1}`),
        target,
        sheet,
        onSession(accepted, hop) {
          watch(call, accepted, hop, sheet);
          const { leg } = call.fact();
          if (leg !== undefined) line.inviteAccepted(leg);
        },
      });
      const effects = { cancel: outgoing.cancel, decline() {}, accept() {}, bye: () => sheet.session?.bye() };
      const call = track({ id: nextId(), direction: 'outgoing', effects }, sheet, outgoing.dispose);
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
    ack(request) {
      const owner = dialogs.all().find((each) => each.owns(request));
      if (owner === undefined) takeover.lateAck(request);
      else owner.receiveAck(request);
    },
    lateAccept: (response) => dialogs.all().some((each) => each.acknowledge(response)),
    takeOver(kept, goesOn) {
      for (const { call } of kept) numbered = Math.max(numbered, Number(/^c(\d{1,9})$/.exec(call)?.[1] ?? 0));
      takeover.begin(kept, goesOn);
    },
    incoming(server) {
      const place = dialogs.placeOf(server);
      if (place === undefined) return server.respond({ status: 480 });
      if (calls.size >= maxCalls) return server.respond({ status: 486 });
      dialogs.of(place).receive(server);
    },
    endAll() {
      for (const call of [...calls.values()]) call.send({ type: 'call.hangup' });
    },
    edgeLost(leg) {
      const lost = [...calls.values()].filter((call) => call.fact().leg === leg);
      for (const call of lost) call.send({ type: 'sip.lost', reason: 'edge-lost' });
    },
    flowFailed: dialogs.flowFailed,
    dispose() {
      for (const call of calls.values()) call.stop();
      calls.clear();
      dialogs.dispose();
    },
  };
}
