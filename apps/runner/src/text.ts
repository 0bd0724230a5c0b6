import type { Finding } from '@offhook/core';
import { describeFinding } from '@offhook/core';
import { describeDecision, type Explanation, type LegStatus, type LineStatus } from '@offhook/runtime';
import colors from 'picocolors';

/* What people read. Every function is a pure rendering of data that --json prints as it is. */

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

function legText(leg: LegStatus, nowMs: number): string {
  const mark = leg.usable ? colors.green('registered') : leg.bound ? colors.yellow('bound') : colors.red(leg.registration);
  const times = [
    leg.refreshAtMs === undefined ? '' : `refresh in ${seconds(leg.refreshAtMs - nowMs)}`,
    leg.retryAtMs === undefined ? '' : `retry in ${seconds(leg.retryAtMs - nowMs)}`,
    leg.expiresAtMs === undefined ? '' : `expires in ${seconds(leg.expiresAtMs - nowMs)}`,
  ].filter((text) => text !== '');
  return `${leg.leg} ${leg.server} ${mark}${times.length > 0 ? `, ${times.join(', ')}` : ''}`;
}

export function linesText(lines: readonly LineStatus[], nowMs: number): string {
  if (lines.length === 0) return 'No lines.';
  return lines
    .map((line) => {
      const degraded = line.degraded ? colors.yellow(' degraded') : '';
      const calls = line.calls.length === 0 ? '' : `, ${line.calls.length} call(s)`;
      return [
        `${colors.bold(line.id)} ${line.mode} ${line.route}${degraded}${calls}`,
        ...line.legs.map((leg) => `  ${legText(leg, nowMs)}`),
      ].join('\n');
    })
    .join('\n');
}

export function explainText(found: Explanation): string {
  const verdict = found.ifNow.INVITE;
  const goes =
    verdict.next === 'send'
      ? `goes to the ${verdict.leg}`
      : verdict.next === 'refuse'
        ? `is refused (${verdict.reason})`
        : verdict.next;
  return [
    linesText([found], found.atMs),
    ...found.refusals.map(({ message, remedy }) => colors.yellow(`  refused: ${message} ${remedy}`)),
    `A new call ${goes} by ${verdict.rule} (${verdict.source}).`,
    found.next.length === 0 ? 'Nothing is scheduled.' : 'Next:',
    ...found.next.map(
      (move) => `  ${new Date(move.atMs).toISOString()}  ${move.leg ?? ''} ${move.what} (in ${seconds(move.atMs - found.atMs)})`,
    ),
    'Decisions, latest last:',
    ...found.decisions.map((decision) => `  ${new Date(decision.atMs).toISOString()}  ${describeDecision(decision)}`),
  ].join('\n');
}

export function findingsText(path: string, findings: readonly Finding[]): string {
  if (findings.length === 0) return `${path}: no findings.`;
  const count = (severity: Finding['severity']): number => findings.filter((finding) => finding.severity === severity).length;
  return [
    ...findings.map(describeFinding),
    `${path}: ${count('error')} errors, ${count('warning')} warnings, ${count('info')} remarks.`,
  ].join('\n');
}
