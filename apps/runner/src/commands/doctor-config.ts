import {
  configuredHop,
  type Finding,
  isIpLiteral,
  type LineConfig,
  legsOf,
  type RuntimeConfig,
  refreshDelayMs,
  registersLine,
} from '@offhook/core';
import { spanText } from '../decision-text.ts';
import { type Diagnosis, diagnose, plural } from './doctor-report.ts';

/* What can be read off a configuration alone: the findings of `offhook check`, and what is allowed but seldom meant. */

const configuration = diagnose('configuration');
/** Routers forget a UDP mapping after 30 s and more. @source RFC 4787 section 4.3 asks for two minutes; many give less */
const natMemoryS = 30;
const manyLines = 100;

const subjectOf = (finding: Finding): string => {
  const { at, line, lines = 1, path } = finding;
  if (at !== undefined) return `${at.file.split('/').at(-1)}:${at.line}:${at.column}`;
  return line === undefined ? path : lines > 1 ? `${line} and ${lines - 1} more` : line;
};

/** A finding of `offhook check` as a doctor tells it. */
function fromFinding(finding: Finding): Diagnosis {
  const { severity, code, path, seen, allowed, message, remedy } = finding;
  const values = allowed === '' ? '' : `; allowed: ${allowed}`;
  return configuration(severity, code, { subject: subjectOf(finding), seen: `${path}: ${seen}${values}`, why: message, remedy });
}

/** Lines that agree in what a remark depends on: it is made once for them. */
function groupBy(
  lines: readonly LineConfig[],
  keyOf: (line: LineConfig) => unknown,
): readonly (readonly [LineConfig, readonly LineConfig[]])[] {
  const groups = new Map<string, LineConfig[]>();
  for (const line of lines) {
    const key = JSON.stringify(keyOf(line));
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [line]);
    else group.push(line);
  }
  return [...groups.values()].flatMap((group) => (group[0] === undefined ? [] : [[group[0], group] as const]));
}

const named = (lines: readonly LineConfig[]): string =>
  lines.length === 1 ? `line ${lines[0]?.id}` : `${lines[0]?.id} and ${lines.length - 1} more`;

const refreshAfterS = (expiresS: number, timerFS: number): number => refreshDelayMs(expiresS * 1_000, timerFS * 1_000) / 1_000;

/** How long calls wait for a silent primary, and for how long: until its next REGISTER has failed. @source D-14, C-14 */
function silentPrimary(lines: readonly LineConfig[]): readonly Diagnosis[] {
  const dual = lines.filter((line) => legsOf(line).length === 2);
  return groupBy(dual, ({ ext, phone }) => [ext.registerExpires, phone.sipTimerB, phone.sipTimerF]).map(
    ([{ ext, phone }, group]) => {
      const { sipTimerB, sipTimerF, regMaxExpires } = phone;
      const worstS = refreshAfterS(Math.min(ext.registerExpires, regMaxExpires), sipTimerF) + sipTimerF;
      const seen = `a primary that falls silent costs each call ${spanText(sipTimerB * 1_000)}, for up to ${spanText(worstS * 1_000)}`;
      const why =
        'Only when its next REGISTER has failed do calls go to the alternate at once; until then each waits for Timer B.';
      const remedy =
        'A shorter Register Expires shortens the time, a shorter SIP Timer B the wait. A server that refuses costs neither.';
      return configuration(worstS > 600 ? 'warning' : 'info', 'dual.silence', { subject: named(group), seen, why, remedy });
    },
  );
}

const isNear = (host: string): boolean =>
  isIpLiteral(host) && /^(127\.|10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|169\.254\.|::1$|f[cd]|fe80)/i.test(host);

/** UDP lines that say nothing for longer than a router remembers them. */
function forgottenByNat(lines: readonly LineConfig[]): readonly Diagnosis[] {
  const open = lines.filter(({ ext, phone }) => {
    const hop = configuredHop(ext, 'primary');
    return (
      hop?.protocol === 'udp' &&
      !isNear(hop.host) &&
      !ext.natKeepAliveEnable &&
      refreshAfterS(ext.registerExpires, phone.sipTimerF) > natMemoryS
    );
  });
  return groupBy(open.filter(registersLine), ({ ext, phone }) => [ext.registerExpires, phone.sipTimerF]).map(
    ([{ ext, phone }, group]) => {
      const silentS = refreshAfterS(ext.registerExpires, phone.sipTimerF);
      const seen = `nothing is sent between registrations, which are ${spanText(silentS * 1_000)} apart`;
      const why =
        'A router with NAT between phone and server forgets the way back after some 30 s; calls to the phone are then lost.';
      const remedy = 'Behind NAT set Register Expires to 60, or use TCP or TLS. Without NAT there is nothing to do.';
      return configuration('info', 'nat.forgets', { subject: named(group), seen, why, remedy });
    },
  );
}

function startsAtOnce({ lines, phone }: RuntimeConfig): readonly Diagnosis[] {
  if (lines.length <= manyLines || phone.xInitialRegSpread > 0) return [];
  const seen = `${lines.length} lines register in the same instant (xInitialRegSpread is 0)`;
  const why = 'Servers answer such a burst with delays or 503, and it comes back with every refresh.';
  const remedy = `Set phone.xInitialRegSpread to ${Math.max(5, Math.ceil(lines.length / manyLines))} or more.`;
  return [configuration('warning', 'start.burst', { subject: plural(lines.length, 'line'), seen, why, remedy })];
}

function unverifiedNames(lines: readonly LineConfig[]): readonly Diagnosis[] {
  const open = lines.filter(({ ext }) => configuredHop(ext, 'primary')?.protocol === 'tls' && !ext.tlsNameValidate);
  if (open.length === 0) return [];
  const why = 'Any server with a certificate from a trusted authority can take the place of the right one.';
  const words = {
    seen: 'TLS Name Validate is No',
    why,
    remedy: 'Set it to Yes and give the servers certificates with their names.',
  };
  return [configuration('warning', 'tls.any-name', { subject: named(open), ...words })];
}

/** Passwords that stand in the file itself: those that no reference brought. */
export function plainPasswords(lines: readonly LineConfig[], secrets: ReadonlySet<string>): readonly LineConfig[] {
  return lines.filter(({ ext }) => ext.password !== '' && !secrets.has(ext.password));
}

function passwordsInText(lines: readonly LineConfig[]): readonly Diagnosis[] {
  if (lines.length === 0) return [];
  const why = 'Whoever reads or copies the file has them.';
  const remedy = 'Write { env: NAME } or { file: path } in their place.';
  return [
    configuration('info', 'password.plain', { subject: named(lines), seen: 'passwords stand in the file as text', why, remedy }),
  ];
}

/** Everything that can be said without looking anywhere else. `plain`: lines whose password stands in the file. */
export function configurationChecks(
  config: RuntimeConfig | undefined,
  findings: readonly Finding[],
  plain: readonly LineConfig[],
): readonly Diagnosis[] {
  const told = findings.map(fromFinding);
  if (config === undefined) return told;
  const { lines } = config;
  const count = configuration('ok', 'lines', { subject: 'lines', seen: `${plural(lines.length, 'line')} can be run` });
  const empty = configuration('warning', 'lines.none', {
    subject: 'lines',
    seen: 'none',
    why: 'Nothing will register.',
    remedy: 'Add lines.',
  });
  return [
    lines.length === 0 ? empty : count,
    ...told,
    ...[...silentPrimary(lines), ...forgottenByNat(lines), ...startsAtOnce(config), ...unverifiedNames(lines)],
    ...passwordsInText(plain),
  ];
}
