import { readFileSync } from 'node:fs';
import { type Ambient, parseRuntimeConfig, systemAmbient, type Timer } from '../../packages/core/src/index.ts';
import { createRuntime } from '../../packages/runtime/src/index.ts';
import { measureMemory } from './report.ts';

/* The phone of the soak against real peers: SIGUSR2 makes it say how it is, SIGTERM ends it. Speaks JSON, one value a line. */

/** What it says. */
export type PhoneSays =
  | { readonly event: 'running' }
  | {
      readonly event: 'look';
      readonly heapMb: number;
      readonly rssMb: number;
      readonly registeredLegs: number;
      readonly legs: number;
      readonly timers: number;
      readonly decisions: number;
    }
  /** After a stop: timers and sockets that are still there. */
  | { readonly event: 'ended'; readonly left: readonly string[] };

/** An ambient that knows how many of its timers would still fire. */
function countTimers(ambient: Ambient): { readonly ambient: Ambient; live(): number } {
  const live = new Set<Timer>();
  // All go through one door.
  const { yielding: _, ...door } = ambient;
  return {
    live: () => live.size,
    ambient: {
      ...door,
      setTimer(fire, delayMs) {
        const timer = ambient.setTimer(() => {
          live.delete(timer);
          fire();
        }, delayMs);
        live.add(timer);
        return timer;
      },
      clearTimer(timer) {
        if (timer !== undefined) live.delete(timer);
        ambient.clearTimer(timer);
      },
    },
  };
}

const say = (what: PhoneSays): void => void process.stdout.write(`${JSON.stringify(what)}\n`);
const pending = /^(Timeout|Immediate|UDPWRAP|UDPSendWrap|TCPSocketWrap|TCPConnectWrap|TLSWrap)$/;

const timers = countTimers(systemAmbient());
const config = parseRuntimeConfig(JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')));
const runtime = await createRuntime({ config, ambient: timers.ambient });

/** How many decisions each line keeps, up to what it keeps at most. */
const decisions = new Map<string, number>();
const mostDecisions = 32;
let kept = 0;
runtime.onDecision(({ line }) => {
  const before = decisions.get(line) ?? 0;
  if (before === mostDecisions) return;
  decisions.set(line, before + 1);
  kept += 1;
});

process.on('SIGUSR2', () => {
  const legs = runtime.lines().flatMap((line) => line.legs);
  const registeredLegs = legs.filter(({ usable }) => usable).length;
  say({ event: 'look', ...measureMemory(), registeredLegs, legs: legs.length, timers: timers.live(), decisions: kept });
});
process.once('SIGTERM', async () => {
  await runtime.stop();
  // Sockets take a turn to close.
  setImmediate(() => {
    const left = process.getActiveResourcesInfo().filter((name) => pending.test(name));
    const armed = timers.live();
    say({ event: 'ended', left: armed === 0 ? left : [...left, `${armed} timers`] });
    process.exit(0);
  });
});
say({ event: 'running' });
