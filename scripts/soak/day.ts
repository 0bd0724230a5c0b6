import type { LineInput } from '../../packages/core/src/index.ts';
import { createMemoryLineStore } from '../../packages/core/src/testkit/index.ts';
import { createWorld, dualLine, singleLine, type World } from '../../packages/lab/src/index.ts';
import { createDayFaults, type DayFaults } from './day-faults.ts';
import { readOptions } from './options.ts';
import { type Checkpoint, judge, measureMemory, tell } from './report.ts';

/* A day of many lines in virtual time, with faults drawn from a seed. The code under soak is that of production. */

const looks = 4;
/** Until every leg is back: the long retry is 1,200 s, a Retry-After up to 600 s. */
const longestRecoveryS = 3_600;

/** Seven in ten dual over UDP, two dual over TCP, one with a single registration. */
function lineOf(n: number): LineInput {
  const userId = String(10_000 + n);
  if (n % 10 === 9) return singleLine({ userId });
  return dualLine({ userId, ...(n % 5 === 0 && { sipTransport: 'TCP' as const }) });
}

const usableLegs = (world: World): readonly boolean[] =>
  world.runtime.lines().flatMap(({ legs }) => legs.map(({ usable }) => usable));

/** Long enough for every leg to refresh once: afterwards each registrar knows one nonce of each leg, at every look alike. */
const longestQuietS = 2_900;

/** All is put right; then time passes until every leg is registered, or has had its chance. */
async function recover(world: World): Promise<void> {
  world.wire.heal();
  for (const side of [world.p, world.a]) side.clear();
  for (let waitedS = 0; waitedS < longestRecoveryS && usableLegs(world).includes(false); waitedS += 60) await world.run(60);
}

async function look(world: World, faults: DayFaults, quietS: number): Promise<Checkpoint> {
  await recover(world);
  for (const side of [world.p, world.a, world.p, world.a]) side.staleNonces();
  await world.run(quietS);
  world.forgetRecords();
  const legs = usableLegs(world);
  return {
    at: `${(world.nowS / 3_600).toFixed(1)} h`,
    ...measureMemory(),
    registeredLegs: legs.filter((usable) => usable).length,
    legs: legs.length,
    timers: world.ambient.pendingTimers,
    faults: faults.total,
  };
}

async function live(world: World, hours: number, faults: DayFaults): Promise<readonly Checkpoint[]> {
  const checkpoints: Checkpoint[] = [];
  let isCut = false;
  const partS = (hours * 3_600) / looks;
  const quietS = Math.min(longestQuietS, partS / 2);
  for (let part = 1; part <= looks; part++) {
    const endS = partS * part;
    while (world.nowS < endS - quietS) {
      await faults.next();
      world.forgetRecords();
      // Early only: a fresh runtime would hide what the lines of the old one had gathered.
      if (!isCut && world.nowS > endS / 6) {
        isCut = true;
        await faults.powerCut();
      }
    }
    const found = await look(world, faults, quietS);
    checkpoints.push(found);
    process.stderr.write(`${found.at}: ${found.heapMb.toFixed(1)} MB, ${found.registeredLegs}/${found.legs} legs\n`);
  }
  return checkpoints;
}

const options = readOptions(process.argv.slice(2), 1_000);
const startMs = performance.now();
const lines = Array.from({ length: options.lines }, (_, n) => lineOf(n));
const world = await createWorld({
  seed: options.seed,
  lines,
  store: createMemoryLineStore(),
  phone: { xInitialRegSpread: 60, regRetryRandomDelay: 15, tryBackupRsc: '503' },
  link: { delayMs: 5, jitterMs: 5, lossRate: 0.001 },
});
await world.party('2000');
const faults = createDayFaults(
  world,
  options.seed,
  lines.map(({ userId }) => String(userId)),
);
const checkpoints = await live(world, options.hours, faults);
// Rejects when a timer or a connection is left behind.
const left = await world.stop().then(
  () => [],
  (error: Error) => [error.message],
);
tell({
  soak: `${options.hours} h in virtual time`,
  lines: options.lines,
  seed: options.seed,
  checkpoints,
  faults: faults.counts,
  wallS: (performance.now() - startMs) / 1_000,
  missed: [...judge(checkpoints), ...left],
});
