import type { Endpoint, Flow, Protocol, Transport } from '@offhook/core';
import {
  buildRequest,
  createCredentials,
  type HeaderFields,
  parseMessage,
  type SipMessage,
  type SipRequest,
  type SipResponse,
} from '@offhook/sip';
import {
  createRegistrar,
  createVirtualAmbient,
  createWire,
  type Registrar,
  type RegistrarOptions,
  type VirtualAmbient,
  type VirtualAmbientOptions,
  type Wire,
} from '../src/index.ts';

export const primary: Endpoint = { host: '10.0.0.1', port: 5060 };
const password = 'secret';

export interface RequestShape {
  readonly uri?: string;
  readonly user?: string;
  readonly callId?: string;
  readonly cseq?: number;
  readonly branch?: string;
  readonly contact?: string;
  readonly expires?: number;
  readonly headers?: HeaderFields;
}

/** A client that says exactly what it is told and collects what comes back. */
export interface RawClient {
  readonly transport: Transport;
  readonly responses: SipResponse[];
  readonly requests: SipRequest[];
  readonly faults: string[];
  send(bytes: Uint8Array): void;
  /** Writes a request with every identity chosen by hand. */
  write(method: string, shape?: RequestShape): Uint8Array;
  /** Sends a request and returns what has come back once the world settled. */
  ask(method: string, shape?: RequestShape): Promise<SipResponse | undefined>;
}

export interface Bench {
  readonly ambient: VirtualAmbient;
  readonly wire: Wire;
  readonly registrar: Registrar;
  client(host?: string, protocol?: Protocol): Promise<RawClient>;
}

export async function createBench(
  options: Partial<RegistrarOptions> & {
    readonly ambientOptions?: Partial<VirtualAmbientOptions>;
    readonly protocols?: readonly Protocol[];
  } = {},
): Promise<Bench> {
  const { ambientOptions, protocols = ['udp', 'tcp'], ...rest } = options;
  const ambient = createVirtualAmbient({ seed: 1, ...ambientOptions });
  const wire = createWire(ambient);
  const transports = protocols.map((protocol) => wire.transport({ ...primary, protocol }));
  const registrar = createRegistrar({
    ambient,
    transports,
    password: (user) => (/^\d{4}$/.test(user) ? password : undefined),
    ...rest,
  });
  await registrar.start();
  return {
    ambient,
    wire,
    registrar,
    client: (host = '10.0.0.9', protocol = 'udp') => createClient(ambient, wire, host, protocol),
  };
}

async function createClient(ambient: VirtualAmbient, wire: Wire, host: string, protocol: Protocol): Promise<RawClient> {
  const transport = wire.transport({ host, port: 5060, protocol });
  const responses: SipResponse[] = [];
  const requests: SipRequest[] = [];
  const faults: string[] = [];
  let count = 0;
  await transport.start({
    message({ bytes }) {
      const message: SipMessage | { kind: 'fault'; fault: string } = parseMessage(bytes);
      if (message.kind === 'response') responses.push(message);
      else if (message.kind === 'request') requests.push(message);
      else faults.push(message.fault);
    },
    flowFailed() {},
    dropped: (reason) => faults.push(reason),
  });
  const opening = transport.open({ remote: primary, owner: 'client', timeoutMs: 1_000 });
  await ambient.settle();
  const flow: Flow = (await opening).flow;

  function write(method: string, shape: RequestShape = {}): Uint8Array {
    count++;
    const {
      uri = 'sip:10.0.0.1',
      user = '1001',
      callId = 'call-1',
      cseq = count,
      branch = `z9hG4bKraw${count}`,
      expires,
    } = shape;
    const contact = shape.contact ?? (method === 'REGISTER' ? `<sip:${user}@${host}:5060>` : undefined);
    const headers: HeaderFields = [
      ['Max-Forwards', '70'],
      ['From', `<sip:${user}@10.0.0.1>;tag=from`],
      ['To', method === 'REGISTER' ? `<sip:${user}@10.0.0.1>` : `<${uri}>`],
      ['Call-ID', callId],
      ['CSeq', `${cseq} ${method}`],
      ...(contact === undefined ? [] : [['Contact', contact] as const]),
      ...(expires === undefined ? [] : [['Expires', String(expires)] as const]),
      ...(shape.headers ?? []),
    ];
    return buildRequest({ method, uri, headers }, `SIP/2.0/${protocol.toUpperCase()} ${host}:5060;branch=${branch};rport`);
  }

  const send = (bytes: Uint8Array): void => transport.send(flow, bytes);
  return {
    transport,
    responses,
    requests,
    faults,
    send,
    write,
    async ask(method, shape) {
      const before = responses.length;
      send(write(method, shape));
      await ambient.settle();
      return responses.slice(before).at(-1);
    },
  };
}

/** Credentials for user 1001. */
export const credentialsOf = (ambient: VirtualAmbient, secret = password) =>
  createCredentials({ username: '1001', password: secret, ambient });
