import type { LineStatus } from '@offhook/runtime';
import type { ClusterStatus } from '../commands/cluster.ts';
import { spanText } from '../decision-text.ts';
import type { Paint } from '../paint.ts';
import { linesText } from '../text.ts';
import { isThere, type SeenMember } from './members.ts';

const number = (value: number): string => value.toLocaleString('en');

function doing({ status, role }: SeenMember): string {
  if (status === undefined) return 'does not answer';
  if (role === 'edge') return `listens on ${(status.listening ?? []).join(', ')}`;
  const { slots = 0, lines = 0, registered = 0, calls = 0 } = status;
  return `${number(slots)} slots, ${number(lines)} lines, ${number(registered)} legs registered, ${number(calls)} calls`;
}

function memberText(member: SeenMember, width: number, nowMs: number, paint: Paint): string {
  const { id, role, state, startedAtMs } = member;
  const tint = state === 'up' ? paint.green : state === 'draining' ? paint.yellow : paint.red;
  const since = `started ${spanText(Math.max(0, nowMs - startedAtMs))} ago`;
  const fault = member.status?.fault === undefined ? '' : paint.red(`\n    ${member.status.fault}`);
  return `  ${id.padEnd(width)}  ${role.padEnd(4)}  ${tint(state.padEnd(8))}  ${isThere(member) ? doing(member) : since}${fault}`;
}

export function statusText(status: ClusterStatus, nowMs: number, paint: Paint): string {
  const { cluster, configuration, members, slotsOwned, lines, legsRegistered, calls } = status;
  const width = Math.max(0, ...members.map(({ id }) => id.length));
  const tint = slotsOwned === 1_024 ? paint.green : paint.red;
  return [
    `${paint.bold(cluster)}: ${tint(`${number(slotsOwned)} of 1,024 slots owned`)}, ${number(lines)} lines, ${number(legsRegistered)} legs registered, ${number(calls)} calls`,
    configuration === undefined
      ? '  no configuration yet; give it one: offhook cluster apply FILE'
      : `  configuration ${configuration.revision}, ${number(configuration.bytes)} characters`,
    ...members.map((member) => memberText(member, width, nowMs, paint)),
  ].join('\n');
}

/** Lines by the host that runs them. */
export function clusterLinesText(
  lines: readonly (LineStatus & { readonly host: string })[],
  nowMs: number,
  paint: Paint,
): string {
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
