import { asFlow, type BusHeaders, createSubjects, encodeInbound, encodeSend, lineKey } from '@offhook/core';
import { startWorker, type Worker } from '../child.ts';
import { cpuS } from '../process-costs.ts';
import { type Spread, spreadOf } from './spread.ts';
import type { Heard, TalkOrder } from './talker.ts';

/** Messages from one end of a bus to the other. */
export interface Way {
  readonly bytes: number;
  readonly perSecond: number;
  /** Of all processes that take part, the server too: messages for one second of CPU. */
  readonly perCpuSecond: number;
  /** One way at 500 a second, ms. */
  readonly latencyMs: Spread;
}

/** `toLine`: what an edge hands to a line; `toEdge`: what a line has an edge send. */
export interface Talk {
  readonly toLine: Way;
  readonly toEdge: Way;
}

interface Message {
  readonly subject: string;
  readonly headers: BusHeaders;
  readonly bytes: number;
}

const key = lineKey('100000');
/** Of another cluster than the one that runs: its members do not hear of it. */
const subjects = createSubjects('talk');
const flow = asFlow('udp:127.0.0.1:5060>127.0.0.1:5061');
const [local, remote] = [5060, 5061].map((port) => ({ host: '127.0.0.1', port }));
const at = { local: local ?? { host: '', port: 0 }, remote: remote ?? { host: '', port: 0 } };
/** A 200 to a REGISTER, and a REGISTER with credentials, as they travel between a line and its edge. */
const messages: Readonly<Record<keyof Talk, Message>> = {
  toLine: {
    subject: subjects.line(key, 'sip'),
    headers: encodeInbound({ flow, ...at, bytes: new Uint8Array(0), atMs: 1_000 }, 'udp'),
    bytes: 480,
  },
  toEdge: { subject: subjects.edge('edge-1', 'send'), headers: { ...encodeSend(flow, key), epoch: '4711' }, bytes: 820 },
};
const latencyPerSecond = 500;
/** The first messages find nothing compiled. */
const warmUp = 5_000;

async function told<T>(worker: Worker, event: string, order: TalkOrder): Promise<T> {
  const answer = worker.next<T>(event);
  worker.send(order);
  return answer;
}

interface Ends {
  readonly from: Worker;
  readonly to: Worker;
  /** Whose CPU counts. */
  readonly pids: readonly number[];
}

const cpuOf = (pids: readonly number[]): number => pids.reduce((sum, pid) => sum + cpuS(pid), 0);

async function pass({ from, to, pids }: Ends, message: Message, count: number, perSecond?: number) {
  await told(to, 'expecting', { order: 'expect', count });
  const heard = to.next<Heard>('heard');
  const cpu = cpuOf(pids);
  const pace = perSecond === undefined ? {} : { perSecond };
  const { startMs } = await told<{ readonly startMs: number }>(from, 'sending', { order: 'send', ...message, count, ...pace });
  const { lastMs, tookMs } = await heard;
  return { wallS: (lastMs - startMs) / 1_000, cpuS: cpuOf(pids) - cpu, tookMs };
}

async function measureWay(ends: Ends, message: Message, count: number): Promise<Way> {
  await told(ends.to, 'listening', { order: 'listen', subject: message.subject });
  await pass(ends, message, Math.min(warmUp, count));
  const { wallS, cpuS: cpu } = await pass(ends, message, count);
  const { tookMs } = await pass(ends, message, Math.min(count, 3 * latencyPerSecond), latencyPerSecond);
  return { bytes: message.bytes, perSecond: count / wallS, perCpuSecond: count / cpu, latencyMs: spreadOf(tookMs) };
}

async function startTalker(url: string): Promise<Worker> {
  const worker = startWorker('cluster/talker', [url]);
  await worker.next('ready');
  return worker;
}

export async function talkOverNats({ url, pid }: { readonly url: string; readonly pid: number }, count: number): Promise<Talk> {
  const edge = await startTalker(url);
  const line = await startTalker(url);
  const pids = [edge.pid, line.pid, pid];
  try {
    const toLine = await measureWay({ from: edge, to: line, pids }, messages.toLine, count);
    return { toLine, toEdge: await measureWay({ from: line, to: edge, pids }, messages.toEdge, count) };
  } finally {
    await Promise.all([edge.stop(), line.stop()]);
  }
}

export async function talkInProcess(count: number): Promise<Talk> {
  const both = await startTalker('');
  const ends = { from: both, to: both, pids: [both.pid] };
  try {
    const toLine = await measureWay(ends, messages.toLine, count);
    return { toLine, toEdge: await measureWay(ends, messages.toEdge, count) };
  } finally {
    await both.stop();
  }
}
