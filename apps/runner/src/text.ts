import { type Decision, type Finding, parameterByKey } from '@offhook/core';
import type { CallFact, Fact, LegStatus, LineStatus, MailboxStatus } from '@offhook/runtime';
import { decisionText, spanText } from './decision-text.ts';
import { legState } from './explain-words.ts';
import type { Paint } from './paint.ts';

/* What people read. Every function is a pure rendering of data that --json prints as it is. */

const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

/** Lines that fare alike stand together, so that a range of thousands is one row: what is said of them, and who they are. */
export function alike(rows: readonly (readonly [row: string, line: string])[]): readonly (readonly [row: string, who: string])[] {
  const groups = new Map<string, { readonly first: string; count: number }>();
  for (const [row, line] of rows) {
    const group = groups.get(row);
    if (group === undefined) groups.set(row, { first: line, count: 1 });
    else group.count += 1;
  }
  return [...groups].map(([row, { first, count }]) => [row, count > 1 ? `${first} and ${count - 1} more` : first]);
}

function legTimes(leg: LegStatus, nowMs: number): string {
  const times = [
    leg.refreshAtMs === undefined ? '' : `renewal in ${spanText(Math.max(0, leg.refreshAtMs - nowMs))}`,
    leg.retryAtMs === undefined ? '' : `next try in ${spanText(Math.max(0, leg.retryAtMs - nowMs))}`,
    leg.expiresAtMs === undefined ? '' : `expires in ${spanText(Math.max(0, leg.expiresAtMs - nowMs))}`,
    leg.failures === 0 ? '' : plural(leg.failures, 'failure'),
  ];
  return times.filter((text) => text !== '').join(', ');
}

/** @param name what the row is called: the one registration of a list moves from server to server */
function legText(name: string, leg: LegStatus, nowMs: number, width: number, paint: Paint): string {
  const tint = leg.usable ? paint.green : leg.bound || leg.registration === 'registering' ? paint.yellow : paint.red;
  return `  ${name.padEnd(9)}  ${leg.server.padEnd(width)}  ${tint(legState(leg).padEnd(11))}  ${legTimes(leg, nowMs)}`.trimEnd();
}

const routes: Readonly<Record<string, string>> = {
  onTop: 'calls go to the primary',
  failedOver: 'failed over: calls go to the alternate',
  outOfService: 'out of service',
  draining: 'ending',
  stopped: 'stopped',
  failed: 'failed: it begins anew after a pause, the log says why',
  disabled: 'disabled: no user or no server is configured',
};

/** Where the calls of a list go. */
const listRoutes: Readonly<Record<string, (server: string) => string>> = {
  onTop: (server) => `calls go to ${server}`,
  failedOver: (server) => `failed over: calls go to ${server}`,
  recovering: (server) => `a better server is being asked, calls go to ${server}`,
};

function routeText({ route, servers }: LineStatus): string {
  const current = servers?.find((mark) => mark.current === true)?.server;
  return (current === undefined ? undefined : listRoutes[route]?.(current)) ?? routes[route] ?? route;
}

export const callText = (call: CallFact): string =>
  `${call.id} ${call.direction} ${call.state}${call.leg === undefined ? '' : ` on the ${call.leg}`}`;

const mailboxStates: Readonly<Record<string, string>> = {
  ended: 'not subscribed',
  pending: 'subscribing',
  active: 'subscribed',
  moving: 'moving',
  retrying: 'failed',
};

export function mailboxText({ state, leg, messages, refreshAtMs, retryAtMs }: MailboxStatus, nowMs: number): string {
  const where = leg === undefined ? '' : ` at the ${leg}`;
  const counts = messages?.voice === undefined ? '' : ` (${messages.voice.new} new, ${messages.voice.old} old)`;
  const waiting = messages === undefined ? 'unknown' : `${messages.waiting ? 'waiting' : 'none'}${counts}`;
  const next = retryAtMs ?? refreshAtMs;
  const then =
    next === undefined ? '' : `, ${retryAtMs === undefined ? 'renewal' : 'next try'} in ${spanText(Math.max(0, next - nowMs))}`;
  return `${waiting}; ${mailboxStates[state] ?? state}${where}${then}`;
}

export const waitingText = ({ scope, key, until }: NonNullable<LineStatus['waiting']>[number]): string =>
  `${parameterByKey(scope, key)?.label ?? key} for ${until === 'restart' ? 'a restart (offhook restart LINE)' : 'the last call to end'}`;

function lineText(line: LineStatus, nowMs: number, width: number, paint: Paint): string {
  const tint = line.route === 'onTop' ? paint.green : line.route in listRoutes ? paint.yellow : paint.red;
  const degraded = line.degraded ? paint.yellow('; degraded, see explain') : '';
  const queued = line.queued === 0 ? '' : `; ${plural(line.queued, 'request')} waiting`;
  return [
    `${paint.bold(line.id)}  ${line.mode}, ${tint(routeText(line))}${degraded}${queued}`,
    ...line.legs.map((leg) => legText(line.servers === undefined ? leg.leg : 'at', leg, nowMs, width, paint)),
    ...line.subscriptions.map((mailbox) => `  messages   ${mailboxText(mailbox, nowMs)}`),
    ...line.calls.map((call) => `  call       ${callText(call)}`),
    ...(line.waiting ?? []).map((change) => paint.yellow(`  waiting    ${waitingText(change)}`)),
  ].join('\n');
}

/** How many lines each server has, in one line. */
export function registeredText(lines: readonly LineStatus[]): string {
  const legs = lines.flatMap((line) => line.legs);
  const at = (['primary', 'alternate'] as const).flatMap((name) => {
    const own = legs.filter(({ leg }) => leg === name);
    return own.length === 0 ? [] : [`${own.filter(({ usable }) => usable).length} of ${own.length} registered at the ${name}`];
  });
  return `${plural(lines.length, 'line')}: ${at.join(', ') || 'none registers'}`;
}

export function linesText(lines: readonly LineStatus[], nowMs: number, paint: Paint): string {
  if (lines.length === 0) return 'This runner has no lines.';
  const width = Math.max(...lines.flatMap((line) => line.legs.map(({ server }) => server.length)), 0);
  return [...lines.map((line) => lineText(line, nowMs, width, paint)), `${registeredText(lines)}.`].join('\n');
}

const instant = (ms: number): string => new Date(ms).toISOString();

/** One fact as `events` prints it; `nameOf` turns a line's key into its id. */
export function factText({ kind, key, value }: Fact, nameOf: (key: string) => string, nowMs: number, paint: Paint): string {
  if (kind === 'decision') {
    const decision = value as Decision;
    return `${instant(decision.atMs)}  ${decision.line}  ${decisionText(decision, paint)}`;
  }
  const said = kind === 'call' ? `call ${callText(value as CallFact)}` : `${kind} ${JSON.stringify(value)}`;
  return paint.dim(`${instant(nowMs)}  ${nameOf(key)}  ${said}`);
}

/** One sentence a line: what mechanisms forbid each other takes a whole paragraph. */
export const sentences = (text: string): readonly string[] => (text === '' ? [] : text.split(/(?<=[.?]) (?=[A-Z])/));

/** A finding over several lines: place and name first, then what was seen, what is allowed, what to do. */
export function findingText(finding: Finding, paint: Paint): string {
  const { at, severity, code, path, line, lines = 1, seen, allowed, message, remedy } = finding;
  const tint = severity === 'error' ? paint.red : severity === 'warning' ? paint.yellow : paint.cyan;
  const place = at === undefined ? path : `${at.file}:${at.line}:${at.column}`;
  const others = lines > 1 ? ` and ${lines - 1} more` : '';
  const about = line === undefined ? '' : `, line ${line}${others}`;
  const row = (name: string, text: string): string => `  ${name.padEnd(8)} ${text}`;
  return [
    `${paint.bold(place)}: ${tint(severity)} ${code}${about}${at === undefined || path === '' ? '' : paint.dim(` (${path})`)}`,
    ...sentences(message).map((sentence) => `  ${sentence}`),
    ...(allowed === '' ? [] : [row('seen', seen), row('allowed', allowed)]),
    ...sentences(remedy).map((sentence, i) => row(i === 0 ? 'remedy' : '', sentence)),
  ].join('\n');
}

/** What was found in one file, and whether it can be run. */
export interface FileVerdict {
  readonly path: string;
  readonly runnable: boolean;
  readonly lines: number;
  readonly findings: readonly Finding[];
}

export function findingsText({ path, runnable, lines, findings }: FileVerdict, paint: Paint): string {
  const count = (severity: Finding['severity']): number => findings.filter((finding) => finding.severity === severity).length;
  const sum = [plural(count('error'), 'error'), plural(count('warning'), 'warning'), plural(count('info'), 'remark')].join(', ');
  const tint = count('error') > 0 ? paint.red : count('warning') > 0 ? paint.yellow : paint.green;
  const verdict = runnable ? `${plural(lines, 'line')} can be run` : 'cannot be run';
  return [...findings.map((finding) => findingText(finding, paint)), `${path}: ${verdict}; ${tint(sum)}`].join('\n');
}
