import {
  type Ambient,
  type Endpoint,
  type ErrorCode,
  type Flow,
  type Locator,
  type OpenEnvelope,
  type OpenFlow,
  type OpenReply,
  PhoneError,
  type RankedEntry,
  type Transport,
} from '@offhook/core';

type Failure = Extract<OpenReply, { ok: false }>;
export type Opening =
  | { readonly ok: true; readonly port: number; readonly open: OpenFlow; readonly hosts: readonly string[] }
  | Failure;

const reasons: Partial<Record<ErrorCode, Failure['reason']>> = {
  E_TRANSPORT_REFUSED: 'refused',
  E_TRANSPORT_UNREACHABLE: 'unreachable',
  E_TRANSPORT_TIMEOUT: 'timeout',
  E_TRANSPORT_REJECTED: 'rejected',
  E_TRANSPORT_CLOSED: 'closed',
  E_TRANSPORT_UNRESOLVED: 'unresolved',
};

export function readFailure(error: unknown): Failure {
  if (error instanceof PhoneError) return { ok: false, reason: reasons[error.code] ?? 'error', detail: error.message };
  return { ok: false, reason: 'error', detail: error instanceof Error ? error.message : String(error) };
}

export interface OpenContext {
  /** In order of preference. */
  readonly transports: readonly Transport[];
  /** Addresses each of them listens on. */
  readonly listening: readonly (readonly Endpoint[])[];
  readonly locator: Locator;
  readonly ambient: Ambient;
}

/**
 * Finds the first entry of a name that opens, in the locator's order. The time left is shared out evenly among the entries left, so
 * that a silent one does not use up what the next could have worked with; a single entry has it all.
 * @source RFC 3263 section 4.3
 */
export async function openFirst({ target, line, leg, timeoutMs }: OpenEnvelope, context: OpenContext): Promise<Opening> {
  const { transports, locator, ambient } = context;
  const deadlineMs = ambient.now() + timeoutMs;
  let entries: readonly RankedEntry[];
  try {
    entries = await locator.locate({ host: target.host, port: target.port, protocol: target.protocol });
  } catch (error) {
    return readFailure(error);
  }
  const failures: Failure[] = [];
  for (const [n, entry] of entries.entries()) {
    const remote = { host: entry.host, port: entry.port };
    const untilMs = ambient.now() + Math.max(deadlineMs - ambient.now(), 0) / (entries.length - n);
    for (const port of portsFor(entry, context)) {
      const request = {
        remote,
        owner: `${line}/${leg}`,
        timeoutMs: Math.max(untilMs - ambient.now(), 0),
        serverName: target.serverName ?? entry.name,
        ...(target.validateName === undefined ? {} : { validateName: target.validateName }),
      };
      try {
        const open = await (transports[port] as Transport).open(request);
        return { ok: true, port, open, hosts: [open.remote.host, ...entries.map(({ host }) => host)] };
      } catch (error) {
        failures.push(readFailure(error));
      }
    }
  }
  const last = failures.at(-1);
  if (last === undefined) return noTransport(transports, entries);
  return { ...last, detail: failures.map(({ detail }) => detail).join('; ') };
}

const isIPv6 = (host: string): boolean => host.includes(':');

/** Places of the transports that speak the entry's protocol; those at home in its address family alone when there are any. */
function portsFor({ protocol, host }: RankedEntry, { transports, listening }: OpenContext): readonly number[] {
  const speaking = transports.flatMap(({ manifest }, port) => (manifest.protocol === protocol ? [port] : []));
  const atHome = speaking.filter((port) => listening[port]?.some((at) => isIPv6(at.host) === isIPv6(host)));
  return atHome.length > 0 ? atHome : speaking;
}

function noTransport(transports: readonly Transport[], entries: readonly RankedEntry[]): Failure {
  const wanted = [...new Set(entries.map(({ protocol }) => protocol))].join(', ');
  const have = transports.map(({ manifest }) => manifest.protocol).join(', ') || 'none';
  return { ok: false, reason: 'rejected', detail: `no transport for ${wanted}; this edge has ${have}` };
}

/** Flows of all transports of an edge in one name space: the transport's place, then its own name. */
export const nameFlow = (port: number, flow: Flow): Flow => `${port}/${flow}` as Flow;

/** A flow as its transport and as the bus knows it. */
export interface KnownFlow {
  /** The place of its transport. */
  readonly port: number;
  readonly flow: Flow;
  readonly name: Flow;
}

/** Inverse of `nameFlow`; undefined for text that is none. */
export function readFlow(text: string | undefined): KnownFlow | undefined {
  if (text === undefined || !/^(?:0|[1-9]\d{0,3})\/./s.test(text)) return undefined;
  const slash = text.indexOf('/');
  return { port: Number(text.slice(0, slash)), flow: text.slice(slash + 1) as Flow, name: text as Flow };
}
