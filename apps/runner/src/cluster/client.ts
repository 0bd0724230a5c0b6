import { CommandError, lineKey } from '@offhook/core';
import { addCounters, followFacts, type LineStatus, type RuntimeCounters, sendCommand } from '@offhook/runtime';
import type { ControlClient } from '../control-client.ts';
import type { ClusterDoor } from './door.ts';
import { askMember, isThere, listMembers } from './members.ts';

interface Page {
  readonly lines: readonly LineStatus[];
  /** Where the next page begins; undefined: this is the last. */
  readonly next?: number;
}

/** Undefined: it does not answer. */
async function linesOf(door: ClusterDoor, host: string): Promise<readonly LineStatus[] | undefined> {
  const lines: LineStatus[] = [];
  for (let from: number | undefined = 0; from !== undefined; ) {
    const page: Page | undefined = await askMember<Page>(door, host, 'lines', { from });
    if (page === undefined) return undefined;
    lines.push(...page.lines);
    from = page.next;
  }
  return lines;
}

/** A line, and the host that runs it. */
export type HostedLine = LineStatus & { readonly host: string };

/** Every line of every host, by id, and the hosts whose lines are missing because they do not answer. */
export async function clusterLines(
  door: ClusterDoor,
): Promise<{ readonly lines: readonly HostedLine[]; readonly silent: readonly string[] }> {
  const hosts = (await listMembers(door)).filter((member) => member.role === 'host' && isThere(member));
  const found = await Promise.all(hosts.map(async ({ id }) => ({ host: id, lines: await linesOf(door, id) })));
  const lines = found.flatMap(({ host, lines = [] }) => lines.map((line) => ({ ...line, host })));
  const silent = found.filter((each) => each.lines === undefined).map(({ host }) => host);
  return { lines: lines.sort((a, b) => (a.id < b.id ? -1 : 1)), silent };
}

async function clusterCounters(door: ClusterDoor): Promise<RuntimeCounters> {
  const members = (await listMembers(door)).filter(isThere);
  const found = await Promise.all(members.map(({ id }) => askMember<RuntimeCounters>(door, id, 'counters')));
  return found.reduce<RuntimeCounters>((sum, each) => (each === undefined ? sum : addCounters(sum, each)), {});
}

/** A cluster, asked as one runner is. */
export function clusterClient(door: ClusterDoor): ControlClient {
  let onEnd: () => void = () => {};
  const ended = new Promise<void>((resolve) => {
    onEnd = resolve;
  });
  async function ask(command: string, { line, args = {} }: Parameters<ControlClient['ask']>[1] = {}): Promise<unknown> {
    if (line !== undefined) return sendCommand(door.bus, door.subjects.line(lineKey(line), 'cmd'), { command, args });
    if (command === 'lines') return (await clusterLines(door)).lines;
    if (command === 'counters') return clusterCounters(door);
    throw new CommandError(
      'E_COMMAND_INVALID',
      `A cluster has no command "${command}"; "offhook cluster apply FILE" changes lines.`,
    );
  }
  return {
    ask,
    async subscribe(onFact) {
      followFacts(door.bus, door.subjects, onFact);
      await door.bus.flush();
    },
    ended,
    close: () => void door.close().then(onEnd, onEnd),
  };
}
