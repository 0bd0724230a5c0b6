import { slotCount } from '@offhook/core';
import type { ClusterStatus } from '../commands/cluster.ts';
import { spanText } from '../decision-text.ts';
import type { Paint } from '../paint.ts';
import { linesText } from '../text.ts';
import type { HostedLine } from './client.ts';
import { isThere, type SeenMember } from './members.ts';

const number = (value: number): string => value.toLocaleString('en');

const heads = ['member', 'role', 'state', 'config', 'slots', 'lines', 'legs', 'calls'] as const;
/** Columns of words; the others are numbers. */
const words = 3;

function cells({ id, role, state, status }: SeenMember): readonly string[] {
  const count = (value: number | undefined): string => (value === undefined ? '-' : number(value));
  const { revision, slots, lines, registered, calls } = status ?? {};
  return [id, role, state, ...[revision, slots, lines, registered, calls].map(count)];
}

function remark(member: SeenMember, nowMs: number): string {
  const { status, startedAtMs } = member;
  if (!isThere(member)) return `started ${spanText(Math.max(0, nowMs - startedAtMs))} ago`;
  if (status === undefined) return 'does not answer';
  if (status.role === 'edge') return `${number(status.flows ?? 0)} flows, listens on ${(status.listening ?? []).join(', ')}`;
  return (status.heldBack ?? 0) === 0 ? '' : `${number(status.heldBack ?? 0)} messages held back`;
}

function membersText(members: readonly SeenMember[], nowMs: number, paint: Paint): readonly string[] {
  if (members.length === 0) return ['  no members; start some: offhook edge, offhook host'];
  const rows = [heads, ...members.map(cells)];
  const widths = heads.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  const pad = (text: string, i: number): string => (i < words ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0));
  const line = (row: readonly string[], tint: (text: string) => string): string =>
    `  ${row.map((text, i) => (i === 2 ? tint(pad(text, i)) : pad(text, i))).join('  ')}`;
  return [
    paint.dim(line(heads, String)),
    ...members.flatMap((member) => {
      const tint = member.state === 'up' ? paint.green : member.state === 'draining' ? paint.yellow : paint.red;
      const row = `${line(cells(member), tint)}  ${remark(member, nowMs)}`.trimEnd();
      return member.status?.fault === undefined ? [row] : [row, paint.red(`    ${member.status.fault}`)];
    }),
  ];
}

export function statusText(status: ClusterStatus, nowMs: number, paint: Paint): string {
  const { cluster, configuration, members, slotsOwned, lines, legsRegistered, calls } = status;
  const tint = slotsOwned === slotCount ? paint.green : paint.red;
  return [
    `${paint.bold(cluster)}: ${tint(`${number(slotsOwned)} of ${number(slotCount)} slots owned`)}, ${number(lines)} lines, ${number(legsRegistered)} legs registered, ${number(calls)} calls`,
    configuration === undefined
      ? '  no configuration yet; give it one: offhook cluster apply FILE'
      : `  configuration ${number(configuration.revision)}, ${number(configuration.bytes)} characters`,
    ...membersText(members, nowMs, paint),
  ].join('\n');
}

/** Lines by the host that runs them. */
export function clusterLinesText(lines: readonly HostedLine[], nowMs: number, paint: Paint): string {
  const hosts = [...new Set(lines.map(({ host }) => host))].sort();
  if (hosts.length === 0) return 'No host runs a line.';
  return hosts
    .map(
      (host) =>
        `${paint.bold(host)}\n${linesText(
          lines.filter((line) => line.host === host),
          nowMs,
          paint,
        )}`,
    )
    .join('\n');
}
