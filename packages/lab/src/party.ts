import { type Ambient, type Endpoint, formatEndpoint, lineKey, randomToken, type Transport } from '@offhook/core';
import {
  buildRequest,
  type ClientEvent,
  type ClientTransaction,
  type Credentials,
  createCredentials,
  createTransactionLayer,
  type Hop,
  readSipUri,
  type ServerTransaction,
  type SipRequest,
  type SipResponse,
  type SipTimers,
  uriTransport,
} from '@offhook/sip';
import { type CallDialog, nextHopUri, type Writing, writeRequest } from './call-dialog.ts';
import { createLinks } from './links.ts';

export interface PartyOptions {
  readonly ambient: Ambient;
  readonly transport: Transport;
  readonly user: string;
  readonly proxy: Endpoint;
  readonly password: string | undefined;
  readonly timers: SipTimers;
  onRequest(server: ServerTransaction): void;
  onAck(request: SipRequest): void;
}

/** A request on its way. */
export interface Attempt {
  cancel(): void;
}

/** The transactions of a scripted party over its one transport. */
export interface Party {
  start(): Promise<Endpoint>;
  stop(): Promise<void>;
  readonly address: Endpoint;
  readonly contact: string;
  /**
   * Sends a request of the dialog to an endpoint, or where the dialog leads; challenges are answered once.
   * `heard` gets every provisional and final response, and 408 or 503 (without a response) when there is none.
   */
  send(
    dialog: CallDialog,
    writing: Writing,
    at: Endpoint | undefined,
    heard: (status: number, response?: SipResponse) => void,
  ): Attempt;
  /** Sends the ACK of a 2xx. */
  acknowledge(dialog: CallDialog, number: number): void;
}

export function createParty(options: PartyOptions): Party {
  const { ambient, transport, user } = options;
  const links = createLinks([transport], `user-agent/${user}`);
  const credentials: Credentials | undefined =
    options.password === undefined ? undefined : createCredentials({ username: user, password: options.password, ambient });
  let address: Endpoint = { host: '0.0.0.0', port: 0 };

  const { protocol, reliable } = transport.manifest;
  const layer = createTransactionLayer({
    ambient,
    key: lineKey(`user-agent/${user}`),
    timers: options.timers,
    send: (flow, bytes) => transport.send(flow, bytes),
    onRequest: options.onRequest,
    onAck: (request) => options.onAck(request),
  });

  async function hopTo(at: Endpoint): Promise<Hop> {
    const link = await links.open(at, protocol);
    return { flow: link.flow, protocol, reliable, viaSentBy: formatEndpoint(address) };
  }

  /** A target of another protocol, or none at all, is reached through the proxy. */
  function leads(dialog: CallDialog): Endpoint {
    const uri = readSipUri(nextHopUri(dialog));
    const literal = uri !== undefined && /^[\d.]+$|:/.test(uri.host);
    if (!literal || (uriTransport(uri) ?? 'udp') !== protocol) return options.proxy;
    return { host: uri.host, port: uri.port ?? 5060 };
  }

  function send(
    dialog: CallDialog,
    writing: Writing,
    at: Endpoint | undefined,
    heard: (status: number, response?: SipResponse) => void,
  ): Attempt {
    let client: ClientTransaction | undefined;
    let cancelled = false;
    let challenges = 0;

    function go(number: number, auth: Writing['headers'] = []): void {
      const draft = writeRequest(dialog, { ...writing, number, headers: [...(writing.headers ?? []), ...auth] });
      const listener = (event: ClientEvent): void => hear(event, number, draft.uri);
      hopTo(at ?? leads(dialog)).then(
        (hop) => {
          client = layer.request(draft, hop, listener);
          if (cancelled) client.cancel();
        },
        () => heard(503),
      );
    }

    function hear(event: ClientEvent, number: number, uri: string): void {
      if (event.type === 'no-response') return heard(408);
      if (event.type === 'transport') return heard(503);
      const { response } = event;
      if (event.type === 'final' && (response.status === 401 || response.status === 407) && challenges++ === 0) {
        const header = response.status === 401 ? 'WWW-Authenticate' : 'Proxy-Authenticate';
        const answer = credentials?.answer({
          status: response.status,
          challenges: response.headers(header),
          method: writing.method,
          uri,
          body: writing.body,
        });
        if (answer !== undefined && !('unanswerable' in answer)) {
          dialog.cseq = number + 1;
          return go(
            dialog.cseq,
            answer.map(({ header: name, value }) => [name, value] as const),
          );
        }
      }
      heard(response.status, response);
    }

    dialog.cseq = writing.number ?? dialog.cseq + 1;
    go(dialog.cseq);
    return {
      cancel() {
        cancelled = true;
        client?.cancel();
      },
    };
  }

  return {
    async start() {
      const [bound] = await links.start({
        message: (inbound) => layer.receive({ ...inbound, protocol }),
        failed: (failure) => layer.flowFailed(failure),
      });
      address = bound ?? address;
      return address;
    },
    async stop() {
      layer.stop();
      await links.stop();
    },
    get address() {
      return address;
    },
    get contact() {
      return `<sip:${user}@${formatEndpoint(address)}${protocol === 'udp' ? '' : `;transport=${protocol}`}>`;
    },
    send,
    acknowledge(dialog, number) {
      const branch = `z9hG4bK${randomToken(ambient, 80)}`;
      const via = `SIP/2.0/${protocol.toUpperCase()} ${formatEndpoint(address)};branch=${branch};rport`;
      const bytes = buildRequest(writeRequest(dialog, { method: 'ACK', number }), via);
      hopTo(leads(dialog)).then(
        (hop) => layer.sendAck(bytes, hop.flow),
        () => ambient.log.warn('a scripted party could not send its ACK'),
      );
    },
  };
}
