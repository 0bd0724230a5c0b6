import type { MechanismManifest } from '../contracts/mechanism.ts';
import type { FallbackPlan, ListFacts, RankedServer } from '../contracts/ranked-list.ts';
import { findingsOfLines, judgePolicies, type LocateLine, ruledLine } from '../policy/judge.ts';
import { fallbackPlan } from '../ranked/fallback-plan.ts';
import { readListSettings } from '../ranked/list-settings.ts';
import { effectiveExpiryS, refreshDelayMs } from './expiry.ts';
import { type Finding, type FindingCode, showValue } from './finding.ts';
import { configuredHop, hopField, registersLine } from './hop.ts';
import type { ExtConfig, LineConfig } from './line.ts';
import { hasRankedList, lineMode, staticList } from './mode.ts';
import { isIpLiteral, parseServerList } from './server.ts';

/**
 * How long a caller may wait and when a line returns, computed from its configuration alone: remarks for whoever checks it.
 * @source redundancy reference sections 5.5, 5.6, 5.7, 6.4; D-14, D-15
 */

const secondsText = (s: number): string => `${Math.round(s * 10) / 10} s`;

function remark(line: LineConfig, code: FindingCode, key: keyof ExtConfig, message: string, remedy = ''): Finding {
  return {
    severity: 'info',
    code,
    line: line.id,
    path: key,
    seen: showValue(String(line.ext[key])),
    allowed: '',
    message,
    remedy,
  };
}

/** `E`, when the registrar grants what is asked for. */
const expiryS = ({ ext, phone }: LineConfig): number =>
  effectiveExpiryS(ext.registerExpires, { minExpiresS: phone.regMinExpires, maxExpiresS: phone.regMaxExpires });

/** From one REGISTER of the primary to the failure of the next: refresh instant + Timer F. */
const untilNextFailureS = (line: LineConfig, lifetimeS: number): number =>
  (refreshDelayMs(lifetimeS * 1000, line.phone.sipTimerF * 1000) + line.phone.sipTimerF * 1000) / 1000;

/** A short lifetime that registrars commonly allow: what a shorter Register Expires would bring. */
const shortExpiryS = 300;

/** Every call pays Timer B until the registration itself says that the primary is down (D-14). */
function dualFigures(line: LineConfig): readonly Finding[] {
  const wait = `While the primary is silent each call waits ${secondsText(line.phone.sipTimerB)} (SIP Timer B)`;
  if (!registersLine(line)) {
    const message = `${wait}, as long as it is: without a registration nothing says that it is down (D-14).`;
    return [remark(line, 'figure.dual-outage', 'register', message)];
  }
  const lifetimeS = expiryS(line);
  const message = `${wait} until the primary's next REGISTER fails, at most ${secondsText(untilNextFailureS(line, lifetimeS))} (D-14).`;
  const remedy =
    lifetimeS > shortExpiryS
      ? `A Register Expires of ${shortExpiryS} makes that ${secondsText(untilNextFailureS(line, shortExpiryS))}.`
      : '';
  return [remark(line, 'figure.dual-outage', 'registerExpires', message, remedy)];
}

/** The servers of a line as far as its configuration tells them. */
interface KnownServers {
  /** One for each normal server, lower is better. */
  readonly ranks: readonly number[];
  readonly gateways: number;
  /** DNS says how many there are, and their ranks. */
  readonly isOpen: boolean;
}

function knownServers(line: LineConfig): KnownServers {
  const { ext } = line;
  const gateways = ext.survivabilityProxy === '' ? 0 : (parseServerList(ext.survivabilityProxy)?.length ?? 0);
  const list = [...staticList(line)].sort((a, b) => a.priority - b.priority);
  const isRanked = hasRankedList(line);
  // Addresses of one entry are one server; entries of an SRV list have a rank each, in the order they are drawn.
  const ranks = list.flatMap(({ addresses }, i) =>
    Array.from({ length: Math.max(addresses.length, 1) }, () => (isRanked ? i : 0)),
  );
  if (ranks.length > 0) return { ranks, gateways, isOpen: false };
  const hop = configuredHop(ext, 'primary');
  // A port or a literal skips NAPTR and SRV (RFC 3263).
  const isOpen = (ext.useDnsSrv || ext.sipTransport === 'AUTO') && hop?.explicitPort === false && !isIpLiteral(hop.host);
  return { ranks: isOpen ? [0, 1] : [0], gateways, isOpen };
}

/** All servers silent: Timer B at each; with Auto Register When Failover also Timer F for the REGISTER of each move (D-15). */
function outageFigure(line: LineConfig, { ranks, gateways, isOpen }: KnownServers): readonly Finding[] {
  const { sipTimerB, sipTimerF } = line.phone;
  const count = ranks.length + gateways;
  if (count < 2) return [];
  const registersFirst = line.ext.autoRegisterWhenFailover && registersLine(line);
  const key = hopField(line.ext, 'primary');
  if (isOpen) {
    const more = registersFirst ? `, and each move up to ${secondsText(sipTimerF)} more for its REGISTER (D-15)` : '';
    const message = `Each silent server costs a caller ${secondsText(sipTimerB)} (SIP Timer B)${more}; DNS says how many there are.`;
    return [remark(line, 'figure.outage', key, message)];
  }
  const moves = count - 1;
  const worstS = count * sipTimerB + (registersFirst ? moves * sipTimerF : 0);
  const registering = registersFirst
    ? ` + ${moves} x SIP Timer F (${secondsText(sipTimerF)}), since each move registers first (D-15)`
    : '';
  const message = `Worst case for a caller: ${secondsText(worstS)}, when all ${count} servers are silent: ${count} x SIP Timer B (${secondsText(sipTimerB)})${registering}.`;
  return [remark(line, 'figure.outage', key, message)];
}

/** A failover from the best server to the next lower one at 0 s, right after a registration. */
function failedOver(line: LineConfig, { ranks, gateways }: KnownServers): ListFacts {
  const settings = readListSettings(line, configuredHop(line.ext, 'primary')?.protocol ?? 'udp');
  const normal = ranks.map((rank, i): RankedServer => ({ server: `s${i}`, rank, survivability: false }));
  const best = normal.reduce((a, b) => (b.rank < a.rank ? b : a));
  const tier = gateways === 0 ? [] : [{ server: 'gateway', rank: Number.MAX_SAFE_INTEGER, survivability: true }];
  const current = normal.find(({ rank }) => rank > best.rank) ?? tier[0] ?? best;
  const expiryMs = registersLine(line) ? expiryS(line) * 1000 : Number.POSITIVE_INFINITY;
  const refreshMs = refreshDelayMs(expiryMs, line.phone.sipTimerF * 1000);
  return {
    nowMs: 0,
    servers: [...normal.map((entry) => (entry === best ? { ...entry, downSinceMs: 0 } : entry)), ...tier],
    current: current.server,
    holder: settings.autoRegister ? current.server : best.server,
    failedOverAtMs: 0,
    heldSinceMs: 0,
    expiryMs,
    expiresAtMs: expiryMs,
    refreshAtMs: refreshMs,
    refreshPeriodMs: refreshMs,
    settings,
  };
}

function reasonOf(line: LineConfig, { rule }: FallbackPlan): string {
  const period = secondsText(expiryS(line));
  switch (rule) {
    case '5.7:registration-period':
      return `because Auto Register When Failover is Yes and a registration lasts ${period} (D-02)`;
    case '5.7:registration-ends':
      return `because the registration held with the better server ends after ${period} (D-02)`;
    case '5.7:refresh':
      return 'because only a refresh of the registration moves it (D-03)';
    default:
      return 'by Survivability Proxy Fallback Intvl';
  }
}

function fallbackFigure(line: LineConfig, servers: KnownServers): readonly Finding[] {
  const { ext } = line;
  const plan = fallbackPlan(failedOver(line, servers));
  const never = (why: string) => [
    remark(line, 'figure.no-fallback', 'proxyFallbackIntvl', `This line never returns to a better server by itself: ${why}.`),
  ];
  if (plan.action === 'stay') {
    if (plan.rule === '5.7:no-interval') return never('Proxy Fallback Intvl is 0 (D-09)');
    const hop = configuredHop(ext, 'primary');
    const isName = hop !== undefined && staticList(line).length === 0 && !isIpLiteral(hop.host);
    const isTold = ext.proxyFallbackIntvl === 0 || line.written?.has('proxyFallbackIntvl') === true;
    return isName && !isTold ? never('the plain A records of a name have one rank') : [];
  }
  const atS = plan.atMs / 1000;
  const isGateway = plan.rule === '5.7:survivability';
  const key = isGateway ? 'survivabilityProxyFallbackIntvl' : 'proxyFallbackIntvl';
  const given = servers.isOpen ? 'Where DNS ranks the servers, the' : 'The';
  const why = isGateway
    ? ` ${reasonOf(line, plan)}`
    : atS === ext.proxyFallbackIntvl
      ? ''
      : `, not ${secondsText(ext.proxyFallbackIntvl)}, ${reasonOf(line, plan)}`;
  const message = `${given} line falls back at ${secondsText(atS)} after a failover${why}.`;
  return [remark(line, 'figure.fallback', key, message)];
}

/** The figures of one line under the mechanism that rules it. Pure. */
export function outageFigures(line: LineConfig, mechanism: MechanismManifest | undefined): readonly Finding[] {
  const ruled = ruledLine(line, mechanism);
  const mode = lineMode(ruled);
  if (mode === 'disabled') return [];
  if (mode === 'dual') return dualFigures(ruled);
  const servers = knownServers(ruled);
  return [...outageFigure(ruled, servers), ...fallbackFigure(ruled, servers)];
}

/** The figures of many lines; what several lines share is said once. */
export const outageFindings = (
  lines: readonly LineConfig[],
  manifests: readonly MechanismManifest[],
  locate?: LocateLine,
): readonly Finding[] => findingsOfLines(lines, (line) => outageFigures(line, judgePolicies(line, manifests).mechanism), locate);
