import { type Decision, describeFinding, type Finding } from '@offhook/core';
import type { CallFact, Explanation, Fact, LegStatus, LineStatus, MailboxStatus } from '@offhook/runtime';
import { decisionText, spanText } from './decision-text.ts';
import type { Paint } from './paint.ts';

/* What people read. Every function is a pure rendering of data that --json prints as it is. */

const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

const registrations: Readonly<Record<string, string>> = {
  off: 'off',
  registering: 'registering',
  refreshing: 'renewing',
  waiting: 'failed',
  rejected: 'refused',
  unregistering: 'withdrawing',
};

function legState(leg: LegStatus): string {
  if (leg.usable) return 'registered';
  return leg.bound ? 'not renewed' : (registrations[leg.registration] ?? leg.registration);
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

function legText(leg: LegStatus, nowMs: number, width: number, paint: Paint): string {
  const tint = leg.usable ? paint.green : leg.bound || leg.registration === 'registering' ? paint.yellow : paint.red;
  return `  ${leg.leg.padEnd(9)}  ${leg.server.padEnd(width)}  ${tint(legState(leg).padEnd(11))}  ${legTimes(leg, nowMs)}`.trimEnd();
}

const routes: Readonly<Record<string, string>> = {
  onTop: 'calls go to the primary',
  failedOver: 'failed over: calls go to the alternate',
  outOfService: 'out of service',
  draining: 'ending',
  stopped: 'stopped',
  disabled: 'disabled: no user or no server is configured',
};

const callText = (call: CallFact): string =>
  `${call.id} ${call.direction} ${call.state}${call.leg === undefined ? '' : ` on the ${call.leg}`}`;

const mailboxStates: Readonly<Record<string, string>> = {
  ended: 'not subscribed',
  pending: 'subscribing',
  active: 'subscribed',
  moving: 'moving',
  retrying: 'failed',
};

function mailboxText({ state, leg, messages, refreshAtMs, retryAtMs }: MailboxStatus, nowMs: number): string {
  const where = leg === undefined ? '' : ` at the ${leg}`;
  const counts = messages?.voice === undefined ? '' : ` (${messages.voice.new} new, ${messages.voice.old} old)`;
  const waiting = messages === undefined ? 'unknown' : `${messages.waiting ? 'waiting' : 'none'}${counts}`;
  const next = retryAtMs ?? refreshAtMs;
  const then =
    next === undefined ? '' : `, ${retryAtMs === undefined ? 'renewal' : 'next try'} in ${spanText(Math.max(0, next - nowMs))}`;
  return `${waiting}; ${mailboxStates[state] ?? state}${where}${then}`;
}

function lineText(line: LineStatus, nowMs: number, width: number, paint: Paint): string {
  const tint = line.route === 'onTop' ? paint.green : line.route === 'failedOver' ? paint.yellow : paint.red;
  const degraded = line.degraded ? paint.yellow('; degraded, see explain') : '';
  const queued = line.queued === 0 ? '' : `; ${plural(line.queued, 'request')} waiting`;
  return [
    `${paint.bold(line.id)}  ${line.mode}, ${tint(routes[line.route] ?? line.route)}${degraded}${queued}`,
    ...line.legs.map((leg) => legText(leg, nowMs, width, paint)),
    ...line.subscriptions.map((mailbox) => `  messages   ${mailboxText(mailbox, nowMs)}`),
    ...line.calls.map((call) => `  call       ${callText(call)}`),
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

function verdictText({ ifNow }: Explanation): string {
  const verdict = ifNow.INVITE;
  if (verdict.next === 'send') return `A new call would go to the ${verdict.leg}`;
  if (verdict.next === 'refuse') return `A new call would be refused with ${verdict.status} (${verdict.reason})`;
  return verdict.next === 'queue' ? 'A new call would wait for a registration' : 'A new call would fail';
}

const instant = (ms: number): string => new Date(ms).toISOString();

const nextTexts: Readonly<Record<string, string>> = {
  refresh: 'renewal',
  retry: 'next try',
  expiry: 'expiry',
  subscribe: 'subscription',
};

export function explainText(found: Explanation, paint: Paint): string {
  const width = Math.max(...found.legs.map(({ server }) => server.length), 0);
  const heading = (text: string): string => paint.bold(text);
  return [
    lineText({ ...found, degraded: false }, found.atMs, width, paint),
    ...found.refusals.flatMap(({ message, remedy }) => [
      ...sentences(message).map((sentence, i) => paint.yellow(`  ${(i === 0 ? 'refused' : '').padEnd(9)}  ${sentence}`)),
      ...sentences(remedy).map((sentence, i) => `  ${(i === 0 ? 'remedy' : '').padEnd(9)}  ${sentence}`),
    ]),
    ...found.findings.filter(({ severity }) => severity !== 'info').map((finding) => `  ${describeFinding(finding)}`),
    `${verdictText(found)}, by rule ${found.ifNow.INVITE.rule} (${found.ifNow.INVITE.source}).`,
    heading(found.next.length === 0 ? 'Nothing is scheduled.' : 'Next'),
    ...found.next.map(
      ({ atMs, leg, what }) =>
        `  ${instant(atMs)}  in ${spanText(Math.max(0, atMs - found.atMs)).padEnd(7)}  ${nextTexts[what] ?? what}${leg === undefined ? '' : ` at the ${leg}`}`,
    ),
    heading(found.decisions.length === 0 ? 'Nothing has been decided yet.' : 'Decisions, latest last'),
    ...found.decisions.map((decision) => `  ${instant(decision.atMs)}  ${decisionText(decision, paint)}`),
  ].join('\n');
}

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
const sentences = (text: string): readonly string[] => (text === '' ? [] : text.split(/(?<=[.?]) (?=[A-Z])/));

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
