import { type Ambient, CommandError, formatEndpoint, type Leg, type LineConfig, type LineInbound, type LineKey } from '@offhook/core';
import { createDialogs, type Dialogs, type IncomingInvite, readSipUri, type ServerTransaction, type Session, type SipRequest, type TransactionLayer } from '@offhook/sip';
import type { DecisionDraft } from './decision.ts';
import type { LineHost } from './host.ts';
import type { Identity } from './identity.ts';
import type { RunningLeg } from './leg.ts';
import type { LegHop } from './leg-hop.ts';
import { type CallFact, createLiveCall, type LiveCall } from './live-call.ts';
import { createOutgoingCall } from './outgoing-call.ts';
import type { RequestRoute } from './route.ts';
import { createAnswer, createOffer, directionOf, readSdp } from './sdp.ts';

/** The calls of one line. */
export interface LineCalls {
  /** Places a call; resolves when the INVITE is routed, also when it was refused at once. */
  dial(target: string): CallFact;
  /** Ends one call, or all. @throws CommandError `E_CALL_UNKNOWN` */
  hangup(id: string | undefined): readonly CallFact[];
  /** Answers the call named, or the one that rings. @throws CommandError `E_CALL_UNKNOWN` */
  answer(id: string | undefined): CallFact;
  list(): readonly CallFact[];
  /** True when a dialog of this line has taken the request. */
  inDialog(server: ServerTransaction): boolean;
  ack(request: SipRequest, inbound: LineInbound): void;
  incoming(server: ServerTransaction): void;
  endAll(): void;
  dispose(): void;
}

export interface LineCallsOptions {
  readonly ambient: Ambient;
  readonly layer: TransactionLayer;
  readonly key: LineKey;
  readonly config: LineConfig;
  readonly identity: Identity;
  readonly legs: ReadonlyMap<Leg, RunningLeg>;
  readonly host: LineHost;
  route(method: string, id: string): RequestRoute;
  onFact(fact: CallFact): void;
  onDecision(draft: DecisionDraft): void;
  onError(error: unknown): void;
}

/** Call appearances of one line; a further call finds it busy. */
const maxCalls = 2;

export function createLineCalls(options: LineCallsOptions): LineCalls {
  const { ambient, layer, key, config, identity, legs, host } = options;
  const calls = new Map<string, LiveCall>();
  const dialogsOf = new Map<Leg, Dialogs>();
  let numbered = 0;

  function dialogs(leg: RunningLeg): Dialogs {
    const known = dialogsOf.get(leg.leg);
    if (known !== undefined) return known;
    const made = createDialogs({
      ambient,
      key,
      layer,
      aor: `sip:${identity.user}@${identity.domain}`,
      displayName: config.ext.displayName,
      userAgent: identity.userAgent,
      maxAuth: config.phone.maxAuth,
      maxForwards: identity.maxForwards,
      credentials: leg.credentials,
    });
    dialogsOf.set(leg.leg, made);
    return made;
  }

  function track(direction: CallFact['direction'], effects: Parameters<typeof createLiveCall>[0]['effects'], onEnd: () => void): LiveCall {
    numbered += 1;
    const call = createLiveCall({
      id: `c${numbered}`,
      direction,
      host,
      effects,
      onError: options.onError,
      onFact(fact) {
        options.onFact(fact);
        if (fact.state !== 'ended') return;
        calls.delete(fact.id);
        onEnd();
      },
    });
    calls.set(call.id, call);
    return call;
  }

  /** The other side inside the dialog: BYE, hold and resume, and a dialog that cannot go on. */
  function watch(call: LiveCall, session: Session, hop: LegHop, sessionId: number): void {
    let version = 1;
    session.on({
      onBye: () => call.send({ type: 'sip.bye' }),
      onLost: (reason) => call.send({ type: 'sip.lost', reason }),
      onReinvite(offer) {
        version += 1;
        const sdp = { codecs: config.ext.preferredCodecs, host: hop.localHost, sessionId, version };
        if (offer === undefined) return { status: 200, body: { type: 'application/sdp', bytes: createOffer(sdp) } };
        const answer = createAnswer(offer, sdp);
        if (answer === undefined) return { status: 488 };
        const described = readSdp(offer);
        const theirs = described === undefined ? 'sendrecv' : directionOf(described);
        call.send({ type: theirs === 'sendonly' || theirs === 'inactive' ? 'sip.held' : 'sip.resumed' });
        return { status: 200, body: { type: 'application/sdp', bytes: answer.body } };
      },
    });
  }

  /** The leg a request came by: its own Contact says so, else the flow. */
  function legOf({ request, inbound }: ServerTransaction): RunningLeg | undefined {
    const named = readSipUri(request.uri)?.params.get('leg')?.toLowerCase();
    if (named === 'a') return legs.get('alternate');
    if (named === 'p') return legs.get('primary');
    return [...legs.values()].find(({ hops }) => hops.current()?.flow === inbound.flow) ?? legs.get('primary');
  }

  /** Requests of the dialog go where its INVITE came from. */
  function hopBack(leg: RunningLeg, { flow, protocol, local }: LineInbound): LegHop {
    const here = formatEndpoint(local);
    const known = leg.hops.current();
    if (known?.flow === flow) return known;
    return { flow, protocol, reliable: protocol !== 'udp', viaSentBy: here, contactHostPort: here, localHost: local.host };
  }

  function ring(server: ServerTransaction): void {
    const leg = legOf(server);
    if (leg === undefined) return server.respond({ status: 480 });
    const hop = hopBack(leg, server.inbound);
    const sessionId = Math.floor(ambient.random() * 2 ** 31);
    const sdp = { codecs: config.ext.preferredCodecs, host: hop.localHost, sessionId, version: 1 };
    const offer = server.request.body;
    const answer = offer.length === 0 ? undefined : createAnswer(offer, sdp);
    if (offer.length > 0 && answer === undefined) return server.respond({ status: 488 });
    const body = { type: 'application/sdp', bytes: answer?.body ?? createOffer(sdp) };
    let session: Session | undefined;
    const call = track(
      'incoming',
      {
        cancel() {},
        decline: () => invite.reject(480),
        accept() {
          session = invite.accept(body);
          watch(call, session, hop, sessionId);
        },
        bye: () => session?.bye(),
      },
      () => {},
    );
    call.note({ leg: leg.leg, ...(answer === undefined ? {} : { codec: answer.codec }) });
    const invite: IncomingInvite = dialogs(leg).incoming(
      server,
      { hop, contact: leg.contact(hop) },
      {
        onCancelled: () => call.send({ type: 'sip.failed', reason: 'cancelled', status: 487 }),
        onAcked: () => call.send({ type: 'sip.accepted' }),
        onLost: (reason) => call.send({ type: 'sip.lost', reason }),
      },
    );
    invite.progress(180);
    call.send({ type: 'sip.progress', status: 180 });
  }

  function find(id: string | undefined, fits: (call: LiveCall) => boolean): LiveCall {
    const call = id === undefined || id === '' ? [...calls.values()].find(fits) : calls.get(id);
    if (call !== undefined) return call;
    const known = [...calls.keys()].join(', ') || 'none';
    throw new CommandError('E_CALL_UNKNOWN', `There is no such call${id ? ` "${id}"` : ''}. Calls of this line: ${known}.`);
  }

  return {
    dial(target) {
      const sessionId = Math.floor(ambient.random() * 2 ** 31);
      const outgoing = createOutgoingCall({
        ambient,
        config,
        identity,
        legs,
        dialogs,
        route: options.route('INVITE', `c${numbered + 1}`),
        target,
        sessionId,
        watch(session) {
          const leg = call.fact().leg;
          const hop = leg === undefined ? undefined : legs.get(leg)?.hops.current();
          if (hop !== undefined) watch(call, session, hop, sessionId);
        },
        onAnswer(body) {
          const codec = readSdp(body)?.media[0]?.rtp[0]?.codec;
          if (codec !== undefined) call.note({ codec });
        },
        onDecision: options.onDecision,
      });
      const effects = { cancel: outgoing.cancel, decline() {}, accept() {}, bye: () => outgoing.session?.bye() };
      const call = track('outgoing', effects, outgoing.dispose);
      outgoing.begin(call);
      return call.fact();
    },
    hangup(id) {
      const chosen = id === undefined || id === '' ? [...calls.values()] : [find(id, () => true)];
      for (const call of chosen) call.send({ type: 'call.hangup' });
      return chosen.map((call) => call.fact());
    },
    answer(id) {
      const call = find(id, (each) => each.fact().direction === 'incoming' && each.fact().state === 'ringing');
      call.send({ type: 'call.answer' });
      return call.fact();
    },
    list: () => [...calls.values()].map((call) => call.fact()),
    inDialog: (server) => [...dialogsOf.values()].some((each) => each.inDialog(server)),
    ack(request, inbound) {
      for (const each of dialogsOf.values()) if (each.ack(request, inbound)) return;
    },
    incoming(server) {
      if (calls.size >= maxCalls) return server.respond({ status: 486 });
      ring(server);
    },
    endAll() {
      for (const call of [...calls.values()]) call.send({ type: 'call.hangup' });
    },
    dispose() {
      for (const call of calls.values()) call.stop();
      calls.clear();
      for (const each of dialogsOf.values()) each.dispose();
    },
  };
}
