import {
  type Ambient,
  configuredHop,
  formatEndpoint,
  hopField,
  isIpLiteral,
  type Leg,
  type LineConfig,
  type LocateRequest,
  type Locator,
  legsOf,
  lineMode,
  locateRequest,
  type NextHop,
  parseServer,
  parseServerList,
  type RankedEntry,
  type RuntimeConfig,
  staticList,
  TransportError,
} from '@offhook/core';
import { spanText } from '../decision-text.ts';
import { type PingResult, ping } from './doctor-ping.ts';
import { type Diagnosis, diagnose, plural } from './doctor-report.ts';
import { inTime } from './doctor-time.ts';

const servers = diagnose('servers');
/** Looking up, then connecting and asking, end after these times. */
const lookUpTimeoutMs = 2_000;
const pingTimeoutMs = 2_500;
const mostServers = 64;
const mostAddresses = 8;
const mostSkewMs = 30_000;

/** A server that lines use, and how many of them. */
interface Target extends LocateRequest {
  readonly serverName: string;
  readonly validateName: boolean;
  lines: number;
}

/** How a leg's server is looked for: a line with one registration goes by NAPTR and SRV where its parameters say so. */
function requestOf(line: LineConfig, leg: Leg, { host, port, protocol }: NextHop): LocateRequest {
  const spec = parseServer(line.ext[hopField(line.ext, leg)]);
  const isSingle = lineMode(line) !== 'dual' && spec?.list.length === 0;
  const request = isSingle ? locateRequest(line, spec) : undefined;
  return request?.srv && request.port === undefined && !isIpLiteral(host) ? request : { host, port, protocol };
}

/** Every server that a line may send to: next hops of its legs, and all entries of a static list. */
function hopsOf(line: LineConfig): readonly Omit<Target, 'lines'>[] {
  const validateName = line.ext.tlsNameValidate;
  return legsOf(line).flatMap((leg) => {
    const hop = configuredHop(line.ext, leg);
    if (hop === undefined) return [];
    const { port: usual, protocol, serverName } = hop;
    const own = { ...requestOf(line, leg, hop), serverName, validateName };
    const more = leg === 'primary' ? [...staticList(line), ...(parseServerList(line.ext.survivabilityProxy) ?? [])] : [];
    const others = more.flatMap(({ host, port, addresses }) =>
      (addresses.length === 0 ? [host] : addresses).map((at) => {
        return { host: at, port: port ?? usual, protocol, serverName: host, validateName };
      }),
    );
    return [own, ...others];
  });
}

function targetsOf(lines: readonly LineConfig[]): readonly Target[] {
  const found = new Map<string, Target>();
  for (const line of lines) {
    for (const [key, hop] of new Map(hopsOf(line).map((each) => [JSON.stringify(each), each]))) {
      const known = found.get(key);
      if (known === undefined) found.set(key, { ...hop, lines: 1 });
      else known.lines += 1;
    }
  }
  return [...found.values()];
}

interface Asked {
  readonly entry: RankedEntry;
  readonly result: PingResult;
}

const remedies: Readonly<Record<string, string>> = {
  silent:
    'Check address, port and SIP Transport, and what may drop packets on the way: firewall, route, access list of the server.',
  refused: 'Start the server, or correct port and SIP Transport: nothing listens there.',
  unreachable: 'Check network and route of this machine, and the address family.',
  timeout: 'Check address and port, and firewalls on the way.',
  rejected: 'The message says what to correct; docs/configuration.md, section TLS, has the rules.',
  closed: 'Look into the log of the server: it ended the connection.',
};

const subjectOf = (target: Target, { host, port, protocol }: RankedEntry): string => {
  const place = `${formatEndpoint({ host, port })} ${protocol}`;
  return target.host === host ? place : `${target.host} at ${place}`;
};

function verdict(target: Target, { entry, result }: Asked, isSpare: boolean): Diagnosis {
  const subject = subjectOf(target, entry);
  const used = plural(target.lines, 'line');
  if (result.type === 'answered') {
    return servers('ok', 'server.alive', {
      subject,
      seen: `answered ${result.status} after ${Math.round(result.rttMs)} ms; ${used}`,
    });
  }
  const code = result.type === 'silent' ? 'silent' : result.reason;
  const seen = result.type === 'silent' ? `silent: no answer to OPTIONS within ${spanText(result.waitedMs)}` : result.detail;
  const why = `${used} ${target.lines === 1 ? 'uses' : 'use'} it${isSpare ? '; another address of this name answers' : ''}.`;
  return servers(isSpare ? 'warning' : 'error', `server.${code}`, { subject, seen, why, remedy: remedies[code] ?? '' });
}

/** The clock of a server against ours, where it tells it: the widest difference. */
function skewOf(asked: readonly Asked[], nowMs: number): readonly Diagnosis[] {
  const skews = asked.flatMap(({ entry, result }) =>
    result.type === 'answered' && result.dateMs !== undefined ? [{ entry, ms: result.dateMs - nowMs }] : [],
  );
  const [widest] = skews.sort((a, b) => Math.abs(b.ms) - Math.abs(a.ms));
  if (widest === undefined || Math.abs(widest.ms) < mostSkewMs) return [];
  const seen = `its clock is ${spanText(widest.ms)} ${widest.ms > 0 ? 'ahead of' : 'behind'} ours`;
  const why = 'Certificates and nonces are judged by clocks; one of the two is wrong.';
  return [
    servers('warning', 'clock.skew', { subject: formatEndpoint(widest.entry), seen, why, remedy: 'Run an NTP client on both.' }),
  ];
}

export interface ServerCheckOptions {
  readonly config: RuntimeConfig;
  readonly locator: Locator;
  readonly ambient: Ambient;
}

/** The local address a runner would leave from. */
function localHostFor({ edge }: RuntimeConfig, { protocol, host }: RankedEntry): string {
  const isV6 = host.includes(':');
  const listen = edge.listen.find((each) => each.protocol === protocol && each.host.includes(':') === isV6);
  return listen?.host ?? (isV6 ? '::' : '0.0.0.0');
}

async function lookUp(target: Target, { locator, ambient }: ServerCheckOptions): Promise<readonly RankedEntry[] | Diagnosis> {
  const { host, protocol } = target;
  const unresolved = (seen: string): Diagnosis => {
    const why = `${plural(target.lines, 'line')} cannot send anything to it.`;
    const remedy = 'Check its spelling, and the DNS servers of this machine.';
    return servers('error', 'server.unresolved', { subject: `${host} ${protocol}`, seen, why, remedy });
  };
  try {
    const found = await inTime(locator.locate(target), ambient, lookUpTimeoutMs);
    return found ?? unresolved(`no answer of DNS within ${spanText(lookUpTimeoutMs)}`);
  } catch (error) {
    if (error instanceof TransportError) return unresolved('has no address');
    throw error;
  }
}

async function askTarget(target: Target, options: ServerCheckOptions) {
  const { config, ambient } = options;
  const found = await lookUp(target, options);
  if ('severity' in found) return { told: [found], asked: [] };
  const { serverName, validateName } = target;
  const common = { ambient, tls: config.edge.tls ?? {}, timeoutMs: pingTimeoutMs };
  const asked = await Promise.all(
    found.slice(0, mostAddresses).map(async (entry): Promise<Asked> => {
      const result = await ping({ entry, serverName, validateName }, { ...common, localHost: localHostFor(config, entry) });
      return { entry, result };
    }),
  );
  const isAlive = asked.some(({ result }) => result.type === 'answered');
  return { told: asked.map((each) => verdict(target, each, isAlive)), asked };
}

/** Asks every server that a line may use, all of them at once. */
export async function serverChecks(options: ServerCheckOptions): Promise<readonly Diagnosis[]> {
  const targets = targetsOf(options.config.lines);
  const results = await Promise.all(targets.slice(0, mostServers).map((target) => askTarget(target, options)));
  const told = results.flatMap((result) => result.told);
  const skew = skewOf(
    results.flatMap((result) => result.asked),
    options.ambient.now(),
  );
  if (targets.length <= mostServers) return [...told, ...skew];
  const seen = `${targets.length - mostServers} of ${targets.length} servers were not asked`;
  const words = { subject: 'more servers', seen, why: `At most ${mostServers} are asked at once.` };
  return [...told, ...skew, servers('info', 'server.unasked', { ...words, remedy: 'Check a file with fewer of them.' })];
}
