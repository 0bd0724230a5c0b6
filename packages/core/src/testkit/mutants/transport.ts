import { asFlow, type Flow, type Transport, type TransportHost } from '../../contracts/transport.ts';
import { TransportError } from '../../errors.ts';
import type { Mutants } from '../kit.ts';
import type { TransportSubject } from '../transport-subject.ts';

type TransportMutant = (good: Transport) => Transport;

const starting = (good: Transport, change: (host: TransportHost) => Partial<TransportHost>): Transport => ({
  ...bound(good),
  start: (host) =>
    good.start({
      message: (inbound) => host.message(inbound),
      flowFailed: (failure) => host.flowFailed(failure),
      dropped: (reason, remote) => host.dropped(reason, remote),
      ...change(host),
    }),
});

/** A copy whose methods may be replaced one by one. */
const bound = (good: Transport): Transport => ({
  manifest: good.manifest,
  start: (host) => good.start(host),
  open: (request) => good.open(request),
  send: (flow, bytes) => good.send(flow, bytes),
  close: (flow) => good.close(flow),
  stop: () => good.stop(),
});

let serial = 0;
const rename = (flow: Flow): Flow => asFlow(`${flow}~${++serial}`);
const isSip = (bytes: Uint8Array): boolean => (bytes[0] ?? 0) >= 0x41;
const utf8 = new TextDecoder();
const reencode = (bytes: Uint8Array): Uint8Array => new TextEncoder().encode(utf8.decode(bytes));

/** Hands a drop on as if it were a message. */
const dropAsMessage = (good: Transport, which: string): Transport =>
  starting(good, (host) => ({
    dropped: (reason, remote) =>
      reason === which
        ? host.message({ bytes: new Uint8Array(), flow: asFlow('?'), local: remote, remote, atMs: 0 })
        : host.dropped(reason, remote),
  }));

const dropAsFraming = (good: Transport, which: string): Transport =>
  starting(good, (host) => ({ dropped: (reason, remote) => host.dropped(reason === which ? 'framing' : reason, remote) }));

const withoutFailure = (good: Transport, reason: string): Transport =>
  starting(good, (host) => ({ flowFailed: (failure) => failure.reason !== reason && host.flowFailed(failure) }));

const openRenamed: TransportMutant = (good) => ({
  ...bound(good),
  open: async (request) => {
    const open = await good.open(request);
    return { ...open, flow: rename(open.flow) };
  },
});

const oneOwner: TransportMutant = (good) => ({
  ...bound(good),
  open: (request) => good.open({ ...request, owner: 'everybody' }),
});

const brokenTransports: Readonly<Record<string, TransportMutant>> = {
  'describes itself': (good) => ({ ...bound(good), manifest: { ...good.manifest } }),

  'resolves port 0': (good) => ({
    ...bound(good),
    start: async (host) => (await good.start(host)).map((at) => ({ ...at, port: 0 })),
  }),

  'carries bytes intact': (good) =>
    starting(good, (host) => ({ message: (inbound) => host.message({ ...inbound, bytes: reencode(inbound.bytes) }) })),

  'carries a large message': (good) => ({
    ...bound(good),
    send: (flow, bytes) => good.send(flow, bytes.subarray(0, 32_768)),
  }),

  'names the true addresses': (good) =>
    starting(good, (host) => ({ message: (inbound) => host.message({ ...inbound, remote: inbound.local }) })),

  'answers on the flow of a message': (good) =>
    starting(good, (host) => ({ message: (inbound) => host.message({ ...inbound, flow: rename(inbound.flow) }) })),

  'reuses the flow of an owner': openRenamed,

  'refuses an address in use': (good) => ({
    ...bound(good),
    start: (host) => good.start(host).catch(() => []),
  }),

  'refuses a message above maxBytes': (good) => ({
    ...bound(good),
    send: (flow, bytes) => good.send(flow, bytes.subarray(0, good.manifest.maxBytes)),
  }),

  'fails an unknown flow as closed': (good) => withoutFailure(good, 'closed'),

  'reports nothing inside a call': (good) => {
    let told: TransportHost | undefined;
    return {
      ...bound(good),
      start: (host) => {
        told = host;
        return good.start(host);
      },
      send: (flow) => told?.flowFailed({ flow, remote: { host: '', port: 0 }, reason: 'closed', detail: 'at once', atMs: 0 }),
    };
  },

  'drops keepalives': (good) => dropAsMessage(good, 'keepalive'),

  'lets no bad peer harm another': (good) => {
    let isDeaf = false;
    return starting(good, (host) => ({
      message: (inbound) => {
        if (!isDeaf) host.message(inbound);
        isDeaf ||= !isSip(inbound.bytes);
      },
      dropped: (reason, remote) => {
        isDeaf = true;
        host.dropped(reason, remote);
      },
    }));
  },

  'stops twice': (good) => {
    let isStopped = false;
    return {
      ...bound(good),
      stop: async () => {
        if (isStopped) throw new TransportError('E_TRANSPORT_CLOSED', 'stopped already');
        isStopped = true;
        await good.stop();
      },
    };
  },

  'is silent after stop': (good) => {
    let stops = 0;
    // The first stop does nothing, the clean-up behind the case does.
    return { ...bound(good), stop: async () => (++stops > 1 ? good.stop() : undefined) };
  },

  'opens nothing after stop': (good) => {
    let isStopped = false;
    return {
      ...bound(good),
      stop: () => {
        isStopped = true;
        return good.stop();
      },
      open: async (request) =>
        isStopped
          ? { flow: asFlow('?'), protocol: good.manifest.protocol, local: request.remote, remote: request.remote }
          : good.open(request),
    };
  },

  'shares a flow among owners': openRenamed,

  'never merges datagrams': (good) =>
    starting(good, (host) => {
      let held: Uint8Array | undefined;
      return {
        message: (inbound) => {
          if (held === undefined) held = inbound.bytes;
          else host.message({ ...inbound, bytes: Uint8Array.from([...held, ...inbound.bytes]) });
        },
      };
    }),

  'drops empty datagrams': (good) => dropAsMessage(good, 'empty'),
  'reports a refusal and keeps the flow': (good) => withoutFailure(good, 'refused'),

  'opens a forgotten flow again': (good) => {
    const closed = new Set<Flow>();
    return {
      ...bound(good),
      close: (flow) => {
        closed.add(flow);
        good.close(flow);
      },
      send: (flow, bytes) => (closed.has(flow) ? undefined : good.send(flow, bytes)),
    };
  },

  'frames messages cut at every byte': (good) =>
    starting(good, (host) => ({ message: (inbound) => host.message({ ...inbound, bytes: inbound.bytes.subarray(1) }) })),

  'frames several messages in one segment': (good) =>
    starting(good, (host) => {
      let count = 0;
      return { message: (inbound) => (++count % 2 === 1 ? host.message(inbound) : undefined) };
    }),

  'ends a stream that cannot be framed': (good) => withoutFailure(good, 'rejected'),

  'gives up a message that stalls': (good) => dropAsFraming(good, 'stalled'),

  'waits for the rest of a message': (good) => {
    let count = 0;
    return starting(good, (host) => ({ message: (inbound) => (++count === 1 ? host.message(inbound) : undefined) }));
  },

  'refuses a message too large to come': (good) => dropAsFraming(good, 'oversize'),

  'rejects when nobody listens': (good) => ({
    ...bound(good),
    open: (request) =>
      good
        .open(request)
        .catch(() => ({ flow: asFlow('?'), protocol: good.manifest.protocol, local: request.remote, remote: request.remote })),
  }),

  'tells when the peer closes': (good) => withoutFailure(good, 'closed'),
  'does not report its own close': (good) => ({ ...bound(good), close: () => {} }),
  'keeps a connection per owner': oneOwner,
  'shares a connection among owners': openRenamed,
};

/** Each breaks one rule of a good subject; the key is the case that must catch it. */
export const transportMutants: Mutants<TransportSubject> = {
  ...Object.fromEntries(
    Object.entries(brokenTransports).map(([name, mutant]) => [
      name,
      (good: TransportSubject): TransportSubject => ({ ...good, create: (at) => mutant(good.create(at)) }),
    ]),
  ),

  // The pong is the one thing no caller of the contract sees: here it is lost on its way to the stranger.
  'answers a ping': (good) => ({
    ...good,
    stranger: async (to) => ({ ...(await good.stranger(to)), heard: () => new Promise(() => {}) }),
  }),
};
