import { number } from '../figures.ts';
import type { Spread } from './spread.ts';
import type { Handover, Movements, Takeover } from './takeover.ts';
import type { Talk } from './talk.ts';
import type { LinesFigures, Split } from './work.ts';

/** What `npm run bench -- cluster` found. µs are of CPU time, user and system. */
export interface ClusterFigures {
  readonly machine: { readonly cpus: number; readonly model: string; readonly node: string };
  readonly edges: number;
  readonly hosts: number;
  readonly lines: readonly LinesFigures[];
  /** Of one member while nothing is refreshed, as a part of a core. */
  readonly idle: { readonly host: number; readonly edge: number; readonly natsServer: number };
  readonly talk: { readonly overNats: Talk; readonly inProcess: Talk };
  readonly movements: readonly TimedMovements[];
}

/** What moves lines, at one timing. */
export interface TimedMovements extends Movements {
  readonly timing: string;
  readonly heartbeatMs: number;
  readonly leaseMs: number;
  readonly fenceMs: number;
}

/** A dual line refreshes two registrations each half of what was granted. */
export const linesPerCore = (usPerRegistration: number, grantS: number): number => (1e6 / usPerRegistration / 2) * (grantS / 2);

/** What the cluster itself uses: the sink is the registrar's. */
export const clusterUs = ({ hostUs, edgeUs, natsServerUs }: Split): number => hostUs + edgeUs + natsServerUs;

/** Grants for which lines per core are told, s: beside NAT and firewalls, and the default. */
const grants = [60, 3_600] as const;

const nameWidth = 56;
const spread = ({ p50, p99, max }: Spread, digits = 0): string =>
  [p50, p99, max].map((value) => number(value, digits)).join(' / ');
const row = (name: string, value: string, remark = ''): string =>
  `${name.padEnd(nameWidth)}${value.padStart(12)}  ${remark}`.trimEnd();

function workRows({ lines, overNats, inProcess, hostRssKbPerLine, edgeRssKbPerLine }: LinesFigures): readonly string[] {
  const kinds = [
    ['full', 'four packets with digest'],
    ['cached', 'cached nonce'],
  ] as const;
  const work = kinds.flatMap(([kind, words]) => {
    const ours = overNats[kind];
    const alone = inProcess[kind];
    const split = `host ${number(ours.hostUs)}, edge ${number(ours.edgeUs)}, nats-server ${number(ours.natsServerUs)}; sink ${number(ours.sinkUs)}`;
    const ratio = `${(clusterUs(ours) / alone.phoneUs).toFixed(2)} x one process in this run (${number(alone.phoneUs)} µs; sink ${number(alone.sinkUs)})`;
    return [
      row(`registration, ${words}, µs`, number(clusterUs(ours)), ratio),
      row('', '', `${split}; at ${number(ours.perSecond, 0)} a second`),
    ];
  });
  const perCore = grants.map((grantS) =>
    row(
      `lines a core, granted ${number(grantS, 0)} s: host / edge / server`,
      [overNats.cached.hostUs, overNats.cached.edgeUs, overNats.cached.natsServerUs]
        .map((us) => number(linesPerCore(us, grantS), 0))
        .join(' / '),
    ),
  );
  const memory = row('RSS of a dual line, KB: on hosts / on edges', `${number(hostRssKbPerLine)} / ${number(edgeRssKbPerLine)}`);
  return [`${number(lines, 0)} dual lines`, ...work, ...perCore, memory, ''];
}

function talkRows({ overNats, inProcess }: ClusterFigures['talk']): readonly string[] {
  const ways = [
    ['toLine', 'edge to line'],
    ['toEdge', 'line to edge'],
  ] as const;
  return ways.flatMap(([way, words]) => {
    const [nats, memory] = [overNats[way], inProcess[way]];
    const times = (memory.perCpuSecond / nats.perCpuSecond).toFixed(1);
    return [
      row(
        `${words}, ${nats.bytes} bytes, messages a second`,
        number(nats.perSecond, 0),
        `in process ${number(memory.perSecond, 0)}`,
      ),
      row(
        '  messages a CPU second of all taking part',
        number(nats.perCpuSecond, 0),
        `in process ${number(memory.perCpuSecond, 0)}, ${times} x`,
      ),
      row('  one way, ms: p50 / p99 / max', spread(nats.latencyMs, 2), `in process ${spread(memory.latencyMs, 2)}`),
    ];
  });
}

function takeoverRows({
  lines,
  slots,
  deadMs,
  ownedMs,
  answeredMs,
  answered,
  claimMsPer1000,
  registers,
}: Takeover): readonly string[] {
  return [
    row(`killed: ${number(lines, 0)} lines in ${slots} slots; declared dead, ms`, number(deadMs, 0)),
    row('  until each has an owner, ms: p50 / p99 / max', spread(ownedMs)),
    row(
      '  until each answers OPTIONS, ms: p50 / p99 / max',
      spread(answeredMs),
      `${number(answered, 0)} of ${number(lines, 0)} answered`,
    ),
    row('  claims for 1,000 lines, ms', number(claimMsPer1000)),
    row('  REGISTER requests caused', number(registers, 0)),
  ];
}

function handoverRows(what: string, { slots, settledMs, ownerlessMs, gapMs, sampled, registers }: Handover): readonly string[] {
  return [
    row(`${what}: ${slots} slots where they belong, ms`, number(settledMs, 0)),
    row('  a slot without owner, ms: p50 / p99 / max', spread(ownerlessMs, 1)),
    row('  a line without answer, ms: p50 / p99 / max', spread(gapMs), `${sampled} lines asked each 100 ms`),
    row('  REGISTER requests caused', number(registers, 0)),
  ];
}

/** The table for people. */
export function clusterText({ machine, edges, hosts, lines, idle, talk, movements }: ClusterFigures): string {
  const [host, edge, server] = [idle.host, idle.edge, idle.natsServer].map((part) => number(part * 100));
  return [
    `${machine.cpus} CPUs, ${machine.model}, Node ${machine.node}. ${edges} edges, ${hosts} hosts, nats-server. µs are CPU time.`,
    '',
    ...lines.flatMap(workRows),
    row('at rest, % of a core: a host / an edge / server', `${host} / ${edge} / ${server}`),
    '',
    ...talkRows(talk),
    ...movements.flatMap(({ timing, heartbeatMs, leaseMs, fenceMs, takeover, rejoin, drain }) => [
      '',
      `timing ${timing}: heartbeat ${heartbeatMs} ms, lease ${leaseMs} ms, fence ${fenceMs} ms`,
      ...takeoverRows(takeover),
      ...handoverRows('back again', rejoin),
      ...handoverRows('drained', drain),
    ]),
  ].join('\n');
}
