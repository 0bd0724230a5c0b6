import { asFlow, type LineInbound, lineKey } from '@offhook/core';
import type { SipMessage } from '../../src/codec/message.ts';
import type {
  Dialogs,
  DialogsOptions,
  IncomingInvite,
  InviteEvent,
  InviteRequest,
  OutgoingInvite,
  Session,
  SessionEvent,
} from '../../src/dialog/dialog.types.ts';
import { createDialogs } from '../../src/dialog/dialogs.ts';
import { createCredentials } from '../../src/digest/credentials.ts';
import type { Hop } from '../../src/transaction/client-transactions.ts';
import { createTransactionLayer, type TransactionLayer } from '../../src/transaction/layer.ts';
import { defaultSipTimers, type SipTimers } from '../../src/transaction/timing.ts';
import { parsed, text } from './bench.ts';
import { createFakeAmbient, type FakeAmbient } from './fake-ambient.ts';

/** One message on the link. */
export interface Carried {
  readonly atS: number;
  readonly from: string;
  readonly text: string;
  readonly message: SipMessage;
  /** `INVITE`, `200 INVITE`. */
  readonly label: string;
}

export interface Phone {
  readonly name: string;
  readonly hop: Hop;
  readonly layer: TransactionLayer;
  readonly dialogs: Dialogs;
  /** INVITEs that arrived. */
  readonly incoming: IncomingInvite[];
  readonly faults: unknown[];
  /** Decides about a message before the layer sees it; true: taken. */
  intercept: ((message: SipMessage) => boolean) | undefined;
  /** Calls the other phone. */
  call(over?: Partial<InviteRequest>): Call;
  /** Gives raw bytes to the layer as if they came over the link. */
  inject(bytes: Uint8Array | string): void;
}

export interface Call {
  readonly invite: OutgoingInvite;
  readonly events: InviteEvent[];
  /** `100`, `180`, `accepted`, `failed 486`, `failed no-response`. */
  readonly heard: string[];
  readonly session: Session;
}

export interface Pair {
  readonly ambient: FakeAmbient;
  readonly alice: Phone;
  readonly bob: Phone;
  readonly wire: Carried[];
  /** Loses what it returns true for; everything still stands in `wire`. */
  lose: ((carried: Carried) => boolean) | undefined;
  run(untilS: number): void;
  /** Another owner takes a phone over: what the earlier one knew is gone, and nothing was said. */
  takeOver(name: 'alice' | 'bob'): Phone;
  /** Labels in order, each with its sender: `alice INVITE`, `bob 200 INVITE`. */
  story(): string[];
  /** Messages of that label. */
  all(label: string): Carried[];
}

export interface PairOptions {
  readonly seed?: number;
  readonly protocol?: 'udp' | 'tcp';
  readonly timers?: Partial<SipTimers>;
  readonly dialogs?: Partial<DialogsOptions>;
}

export const offer = 'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n';
export const answer = offer.replaceAll('192.0.2.1', '192.0.2.2');

const labelOf = (message: SipMessage): string =>
  message.kind === 'request' ? message.method : `${message.status} ${message.cseq.method}`;

/** Events of a session, in order, in short. */
export function listen(session: Session): SessionEvent[] {
  const events: SessionEvent[] = [];
  session.onEvent = (event) => void events.push(event);
  return events;
}

/** Two legs, each with its own layer, back to back on one link; nothing moves until the clock does. */
export function createPair(options: PairOptions = {}): Pair {
  const ambient = createFakeAmbient(options.seed);
  const wire: Carried[] = [];
  const protocol = options.protocol ?? 'udp';
  const phones = new Map<string, Phone>();
  const pair: Pair = {
    ambient,
    wire,
    lose: undefined,
    run: (untilS) => ambient.run(untilS * 1000),
    takeOver(name) {
      const earlier = pair[name];
      earlier.dialogs.dispose();
      earlier.layer.stop();
      if (name === 'alice') addPhone('alice', '192.0.2.1', '192.0.2.2');
      else addPhone('bob', '192.0.2.2', '192.0.2.1');
      return pair[name];
    },
    story: () => wire.map(({ from, label }) => `${from} ${label}`),
    all: (label) => wire.filter((carried) => carried.label === label),
    get alice() {
      return phones.get('alice') as Phone;
    },
    get bob() {
      return phones.get('bob') as Phone;
    },
  };

  function carry(from: string, bytes: Uint8Array): void {
    const message = parsed(bytes);
    const carried: Carried = { atS: ambient.now() / 1000, from, text: text(bytes), message, label: labelOf(message) };
    wire.push(carried);
    if (pair.lose?.(carried) === true) return;
    ambient.defer(() => phones.get(from === 'alice' ? 'bob' : 'alice')?.inject(bytes));
  }

  function addPhone(name: string, host: string, peerHost: string): void {
    const hop: Hop = { flow: asFlow(`link:${name}`), protocol, reliable: protocol !== 'udp', viaSentBy: `${host}:5060` };
    const incoming: IncomingInvite[] = [];
    const faults: unknown[] = [];
    const layer = createTransactionLayer({
      ambient,
      key: lineKey(name),
      timers: { ...defaultSipTimers, ...options.timers },
      send: (_flow, bytes) => carry(name, bytes),
      onRequest(server) {
        if (server.request.to.params.has('tag') && !dialogs.owns(server.request)) return server.respond({ status: 481 });
        dialogs.receive(server);
      },
      onAck: (request) => dialogs.receiveAck(request),
      onLateAccept: (response) => dialogs.acknowledge(response),
    });
    const dialogs = createDialogs({
      ambient,
      key: lineKey(name),
      layer,
      timers: { ...defaultSipTimers, ...options.timers },
      identity: { uri: `sip:${name}@example.com`, displayName: name },
      credentials: createCredentials({ username: name, password: 'secret', ambient }),
      routes: [],
      userAgent: 'Offhook-Test',
      maxForwards: 70,
      maxAuth: 2,
      maxRedirections: 2,
      allow: 'INVITE, ACK, CANCEL, BYE, OPTIONS',
      contact: (used) => `sip:${name}@${used.viaSentBy}`,
      hopOf: () => hop,
      reopenHop: () => Promise.resolve(hop),
      onInvite: (invite) => void incoming.push(invite),
      onFault: (error) => void faults.push(error),
      ...options.dialogs,
    });
    let calls = 0;
    const phone: Phone = {
      name,
      hop,
      layer,
      dialogs,
      incoming,
      faults,
      intercept: undefined,
      call(over = {}) {
        calls += 1;
        const events: InviteEvent[] = [];
        const heard: string[] = [];
        const invite = dialogs.invite(
          {
            hop,
            callId: `${name}-${calls}`,
            fromTag: `${name}-tag-${calls}`,
            cseq: 1,
            uri: `sip:${name === 'alice' ? 'bob' : 'alice'}@example.com`,
            offer,
            headers: [['Expires', '240']],
            ...over,
          },
          (event) => {
            events.push(event);
            heard.push(describe(event));
          },
        );
        return {
          invite,
          events,
          heard,
          get session() {
            const accepted = events.find((event) => event.type === 'accepted');
            if (accepted === undefined) throw new Error(`not accepted: ${heard.join(', ')}`);
            return accepted.session;
          },
        };
      },
      inject(bytes) {
        const inbound: LineInbound = {
          bytes: typeof bytes === 'string' ? Buffer.from(bytes) : bytes,
          flow: hop.flow,
          protocol,
          local: { host, port: 5060 },
          remote: { host: peerHost, port: 5060 },
          atMs: ambient.now(),
        };
        if (phone.intercept?.(parsed(inbound.bytes)) !== true) layer.receive(inbound);
      },
    };
    phones.set(name, phone);
  }
  addPhone('alice', '192.0.2.1', '192.0.2.2');
  addPhone('bob', '192.0.2.2', '192.0.2.1');
  return pair;
}

function describe(event: InviteEvent): string {
  if (event.type === 'progress') return String(event.status);
  if (event.type === 'accepted') return 'accepted';
  return `failed ${event.failure.type === 'final' ? event.failure.status : event.failure.type}${event.isFinal ? ' for good' : ''}`;
}

/** A call from alice to bob that is up at 0 s. */
export function callUp(pair: Pair): { readonly caller: Session; readonly callee: Session; readonly call: Call } {
  const call = pair.alice.call();
  pair.run(0);
  const [incoming] = pair.bob.incoming;
  incoming?.progress(180);
  const callee = incoming?.accept(answer);
  pair.run(0);
  if (callee === undefined) throw new Error('bob could not accept');
  return { caller: call.session, callee, call };
}
