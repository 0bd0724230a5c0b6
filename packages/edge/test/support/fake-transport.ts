import {
  asFlow,
  type DropReason,
  type Endpoint,
  type Flow,
  type FlowFailureReason,
  formatEndpoint,
  type OpenRequest,
  type Protocol,
  type Transport,
  type TransportError,
  type TransportHost,
} from '@offhook/core';

/** A transport whose network is the test. */
export interface FakeTransport extends Transport {
  readonly opens: readonly OpenRequest[];
  readonly sent: readonly { readonly flow: Flow; readonly text: string }[];
  readonly closed: readonly Flow[];
  readonly stopped: boolean;
  /** What `open` rejects with, by remote host. */
  readonly answers: Map<string, TransportError>;
  /** Set: `start` rejects with it. */
  startError: TransportError | undefined;
  /** A message comes in; its flow. */
  arrive(message: string | Uint8Array, remote?: Endpoint): Flow;
  fail(remote: Endpoint, reason: FlowFailureReason): void;
  drop(reason: DropReason): void;
}

export interface FakeOptions {
  readonly protocol?: Protocol;
  readonly local?: Endpoint;
  /** Addresses `start` names; the local one unless told. */
  readonly listening?: readonly Endpoint[];
}

export const somebody: Endpoint = { host: '192.0.2.1', port: 5060 };

export function createFakeTransport({
  protocol = 'udp',
  local = { host: '192.0.2.99', port: 5060 },
  listening = [local],
}: FakeOptions = {}): FakeTransport {
  const opens: OpenRequest[] = [];
  const sent: { flow: Flow; text: string }[] = [];
  const closed: Flow[] = [];
  let host: TransportHost | undefined;
  let isStopped = false;
  const reliable = protocol !== 'udp';
  const flowTo = (remote: Endpoint): Flow => asFlow(`${protocol}>${formatEndpoint(remote)}`);
  return {
    manifest: Object.freeze({
      name: protocol,
      kind: 'transport',
      api: 1,
      protocol,
      reliable,
      framing: reliable ? 'stream' : 'datagram',
      maxBytes: 65_507,
    }),
    opens,
    sent,
    closed,
    answers: new Map(),
    startError: undefined,
    get stopped() {
      return isStopped;
    },
    async start(newHost) {
      if (this.startError !== undefined) throw this.startError;
      host = newHost;
      return listening;
    },
    async open(request) {
      opens.push(request);
      const answer = this.answers.get(request.remote.host);
      if (answer !== undefined) throw answer;
      return { flow: flowTo(request.remote), protocol, local, remote: request.remote };
    },
    send: (flow, bytes) => void sent.push({ flow, text: Buffer.from(bytes).toString() }),
    close: (flow) => void closed.push(flow),
    async stop() {
      isStopped = true;
      host = undefined;
    },
    arrive(message, remote = somebody) {
      const flow = flowTo(remote);
      host?.message({ bytes: Buffer.from(message), flow, local, remote, atMs: 1_234.5 });
      return flow;
    },
    fail: (remote, reason) =>
      host?.flowFailed({ flow: flowTo(remote), remote, reason, detail: `it was ${reason}`, atMs: 1_234.5 }),
    drop: (reason) => host?.dropped(reason, somebody),
  };
}
