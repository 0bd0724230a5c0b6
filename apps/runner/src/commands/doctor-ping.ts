import {
  type Ambient,
  type EdgeTls,
  formatEndpoint,
  lineKey,
  type OpenFlow,
  type Protocol,
  type RankedEntry,
  randomToken,
  type Transport,
  TransportError,
} from '@offhook/core';
import {
  createTransactionLayer,
  defaultSipTimers,
  type RequestDraft,
  readDate,
  type SipResponse,
  type TransactionLayer,
} from '@offhook/sip';
import { createTcpTransport, createTlsTransport } from '@offhook/transport-tcp';
import { createUdpTransport } from '@offhook/transport-udp';

/** What became of an OPTIONS. */
export type PingResult =
  | { readonly type: 'answered'; readonly status: number; readonly rttMs: number; readonly dateMs: number | undefined }
  | { readonly type: 'silent'; readonly waitedMs: number }
  | {
      readonly type: 'failed';
      readonly reason: 'refused' | 'unreachable' | 'timeout' | 'rejected' | 'closed';
      readonly detail: string;
    };

export interface PingTarget {
  readonly entry: RankedEntry;
  readonly serverName: string;
  readonly validateName: boolean;
}

export interface PingOptions {
  readonly ambient: Ambient;
  readonly tls: EdgeTls;
  /** Local address to leave from, an IP literal. */
  readonly localHost: string;
  /** Connecting and asking together end after this time. */
  readonly timeoutMs: number;
}

const reasons: Readonly<Record<string, Extract<PingResult, { type: 'failed' }>['reason']>> = {
  E_TRANSPORT_REFUSED: 'refused',
  E_TRANSPORT_UNREACHABLE: 'unreachable',
  E_TRANSPORT_TIMEOUT: 'timeout',
  E_TRANSPORT_REJECTED: 'rejected',
};

function transportFor(protocol: Protocol, { ambient, tls, localHost }: PingOptions): Transport {
  if (protocol === 'udp') return createUdpTransport({ host: localHost, port: 0 }, ambient);
  const local = /^(0\.0\.0\.0|::)$/.test(localHost) ? {} : { localHost };
  return protocol === 'tcp' ? createTcpTransport(local, ambient) : createTlsTransport({ ...local, tls }, ambient);
}

function optionsRequest({ entry, serverName }: PingTarget, local: string, ambient: Ambient): RequestDraft {
  const host = serverName.includes(':') ? `[${serverName}]` : serverName;
  const uri = `sip:${host}:${entry.port}${entry.protocol === 'udp' ? '' : `;transport=${entry.protocol}`}`;
  return {
    method: 'OPTIONS',
    uri,
    headers: [
      ['Max-Forwards', '70'],
      ['From', `<sip:doctor@${local}>;tag=${randomToken(ambient, 40)}`],
      ['To', `<${uri}>`],
      ['Call-ID', randomToken(ambient, 100)],
      ['CSeq', '1 OPTIONS'],
      ['Accept', 'application/sdp'],
    ],
  };
}

const answered = (response: SipResponse, rttMs: number): PingResult => ({
  type: 'answered',
  status: response.status,
  rttMs,
  dateMs: readDate(response.header('Date')),
});

function ask(
  layer: TransactionLayer,
  flow: OpenFlow,
  target: PingTarget,
  ambient: Ambient,
  timeoutMs: number,
): Promise<PingResult> {
  const viaSentBy = formatEndpoint(flow.local);
  const hop = { flow: flow.flow, protocol: flow.protocol, reliable: flow.protocol !== 'udp', viaSentBy };
  const startMs = ambient.now();
  return new Promise((resolve) => {
    layer.request(optionsRequest(target, viaSentBy, ambient), hop, (event) => {
      // A provisional response says enough: somebody is there who speaks SIP.
      if (event.type === 'provisional' || event.type === 'final') resolve(answered(event.response, ambient.now() - startMs));
      else if (event.type === 'no-response') resolve({ type: 'silent', waitedMs: timeoutMs });
      else {
        const { reason, detail } = event.failure;
        const known = reason === 'reset' || reason === 'error' ? 'closed' : reason;
        resolve({ type: 'failed', reason: known, detail });
      }
    });
  });
}

/** Asks a server with OPTIONS over the product's own transport, transactions and codec. Any SIP response means that it lives. */
export async function ping(target: PingTarget, options: PingOptions): Promise<PingResult> {
  const { ambient, timeoutMs } = options;
  const { entry } = target;
  const startMs = ambient.now();
  const transport = transportFor(entry.protocol, options);
  let layer: TransactionLayer | undefined;
  try {
    await transport.start({
      message: (inbound) => layer?.receive({ ...inbound, protocol: entry.protocol }),
      flowFailed: (failure) => layer?.flowFailed(failure),
      dropped() {},
    });
    const { serverName, validateName } = target;
    const flow = await transport.open({ remote: entry, owner: 'doctor', timeoutMs, serverName, validateName });
    const leftMs = Math.max(500, timeoutMs - (ambient.now() - startMs));
    layer = createTransactionLayer({
      ambient,
      key: lineKey('doctor'),
      timers: { ...defaultSipTimers, timerFMs: leftMs },
      send: (to, bytes) => transport.send(to, bytes),
      onRequest() {},
    });
    return await ask(layer, flow, target, ambient, leftMs);
  } catch (error) {
    if (!(error instanceof TransportError)) throw error;
    return { type: 'failed', reason: reasons[error.code] ?? 'closed', detail: error.message };
  } finally {
    layer?.stop();
    await transport.stop();
  }
}
