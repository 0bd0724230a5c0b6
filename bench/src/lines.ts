import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { GCProfiler } from 'node:v8';
import { type Bus, createMemoryBus, createSubjects, parseRuntimeConfig, systemAmbient } from '@offhook/core';
import { createRuntime, type Runtime } from '@offhook/runtime';

/**
 * A phone of N dual lines in a process of its own, told what to do over IPC and reporting what it cost. Everything is on: charts, decision
 * stream, digest, UDP on loopback.
 */

export interface LinesPlan {
  readonly lines: number;
  readonly ports: readonly [number, number];
  /** Start of the lines spread over so many seconds. */
  readonly spreadS: number;
  readonly host: 'actors' | 'pooled';
}

/** What a stretch of work cost this process. */
export interface Cost {
  readonly wallS: number;
  readonly cpuS: number;
  readonly allocatedMb: number;
  /** Event loop delay beyond its turn, ms. */
  readonly delayMs: { readonly p50: number; readonly p99: number; readonly max: number };
}

export interface Memory {
  readonly rssMb: number;
  readonly heapMb: number;
}

const megabyte = 1_048_576;

/** Begins to measure; the returned function ends it. */
function measure(): () => Cost {
  const delay: IntervalHistogram = monitorEventLoopDelay({ resolution: 5 });
  const collections = new GCProfiler();
  const startMs = performance.now();
  const cpu = process.cpuUsage();
  const heapAtStart = process.memoryUsage().heapUsed;
  collections.start();
  delay.enable();
  return () => {
    delay.disable();
    const { user, system } = process.cpuUsage(cpu);
    let allocated = 0;
    let level = heapAtStart;
    for (const { beforeGC, afterGC } of collections.stop()?.statistics ?? []) {
      allocated += Math.max(0, beforeGC.heapStatistics.usedHeapSize - level);
      level = afterGC.heapStatistics.usedHeapSize;
    }
    allocated += Math.max(0, process.memoryUsage().heapUsed - level);
    const ms = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - 5);
    return {
      wallS: (performance.now() - startMs) / 1000,
      cpuS: (user + system) / 1e6,
      allocatedMb: allocated / megabyte,
      delayMs: { p50: ms(delay.percentile(50)), p99: ms(delay.percentile(99)), max: ms(delay.max) },
    };
  };
}

function memory(): Memory {
  for (let i = 0; i < 3; i++) (globalThis as { gc?: () => void }).gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  return { rssMb: rss / megabyte, heapMb: heapUsed / megabyte };
}

function configuration({ lines, ports: [primary, alternate], spreadS }: LinesPlan) {
  return parseRuntimeConfig({
    cluster: 'bench',
    edge: { listen: [{ protocol: 'udp', host: '127.0.0.1', port: 0 }] },
    phone: { xInitialRegSpread: spreadS },
    templates: {
      dual: {
        proxy: `127.0.0.1:${primary}`,
        alternateProxy: `127.0.0.1:${alternate}`,
        dualRegistration: true,
        password: 'secret',
        registerExpires: 3600,
      },
    },
    lines: [{ template: 'dual', from: 100_000, count: lines }],
  });
}

/** Places calls at a steady pace and hangs each up when it is up; resolves when all have ended. */
async function placeCalls(runtime: Runtime, ids: readonly string[], count: number, perSecond: number): Promise<number> {
  let ended = 0;
  let up = 0;
  return new Promise((resolve) => {
    const byKey = new Map(runtime.lines().map(({ id, key }) => [key as string, id]));
    const facts = runtime.onFact(({ kind, key, value }) => {
      if (kind !== 'call') return;
      const { state, id } = value as { readonly state: string; readonly id: string };
      if (state === 'up') {
        up += 1;
        void runtime.command(byKey.get(key) ?? '', 'hangup', { call: id });
      }
      if (state !== 'ended' || ++ended < count) return;
      facts.unsubscribe();
      resolve(up);
    });
    let placed = 0;
    const startMs = performance.now();
    const timer = setInterval(() => {
      const due = Math.min(count, Math.floor(((performance.now() - startMs) * perSecond) / 1000));
      for (; placed < due; placed += 1) void runtime.command(ids[placed % ids.length] ?? '', 'call', { target: '5000' });
      if (placed === count) clearInterval(timer);
    }, 5);
  });
}

const beforeAction = '"action":"';

/** The decision stream is on, as it is for a console or a log: each decision is written, carried and looked at. */
class Registrations {
  private refreshed = 0;
  private registered = 0;
  private waiting: { readonly count: number; readonly resolve: () => void } | undefined = undefined;

  constructor(bus: Bus, subject: string) {
    bus.subscribe(subject, ({ payload }) => {
      const text = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
      const from = text.indexOf(beforeAction) + beforeAction.length;
      const action = text.toString('latin1', from, text.indexOf('"', from));
      if (action === 'refreshed') this.refreshed += 1;
      else if (action === 'registered') this.register();
    });
  }

  get count(): number {
    return this.refreshed + this.registered;
  }

  /** Resolves once so many registrations stand. */
  reach(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.waiting = { count, resolve };
    });
  }

  private register(): void {
    this.registered += 1;
    if (this.registered === this.waiting?.count) this.waiting.resolve();
  }
}

const plan = JSON.parse(process.argv[2] ?? '{}') as LinesPlan;
const before = memory();
const config = configuration(plan);
const stopCold = measure();
const ambient = systemAmbient();
const bus = createMemoryBus({ ambient });
const registrations = new Registrations(bus, createSubjects(config.cluster).facts('decision'));
const registered = registrations.reach(plan.lines * 2);
const runtime = await createRuntime({ config, host: plan.host, ambient, bus });
await registered;
process.send?.({ event: 'registered', cold: stopCold(), before, after: memory() });

let end: (() => Cost) | undefined;
let counted = 0;
type Order =
  | { readonly order: 'measure' | 'report' | 'stop' }
  | { readonly order: 'calls'; readonly count: number; readonly perSecond: number };
process.on('message', async (given: Order) => {
  if (given.order === 'measure') {
    counted = registrations.count;
    end = measure();
  } else if (given.order === 'report') process.send?.({ event: 'cost', cost: end?.(), done: registrations.count - counted });
  else if (given.order === 'calls') {
    const ids = config.lines.map(({ id }) => id);
    const stop = measure();
    const up = await placeCalls(runtime, ids, given.count, given.perSecond);
    process.send?.({ event: 'called', cost: stop(), up });
  } else if (given.order === 'stop') process.exit(0);
});
process.on('disconnect', () => process.exit(0));
