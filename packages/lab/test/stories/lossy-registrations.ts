import { createWorld, dualLine, type WorldOptions } from '../../src/index.ts';

/* A site of 1,000 dual lines, 2,000 registrations, boots on a wire that loses packets both ways. */

export const seeds = Array.from({ length: 20 }, (_, i) => i + 1);
const siteLines = 1_000;
export const registrations = 2 * siteLines;
const lines = [dualLine({ userId: '{n}', from: 10_000, count: siteLines })];

export interface Outcome {
  /** When each leg was registered first, s: `<line> <leg>`. */
  readonly registeredAtS: ReadonlyMap<string, number>;
  /** Times a REGISTER failed before that, of each leg that had any. */
  readonly failures: ReadonlyMap<string, number>;
  /** Share of packets that never arrived. */
  readonly lossRate: number;
  /** Distinct REGISTER transactions. */
  readonly transactions: number;
}

export async function registerSite(options: WorldOptions, lossRate: number, forS: number): Promise<Outcome> {
  const world = await createWorld({
    ...options,
    lines,
    prepare: ({ wire }) => wire.shape('10.0.0.9', { delayMs: 5, lossRate }),
  });
  await world.run(forS);
  const registeredAtS = new Map<string, number>();
  const failures = new Map<string, number>();
  let transactions = 0;
  for (const { line, leg, rule, atMs, outcome } of world.decisions()) {
    const name = `${line} ${leg}`;
    if (outcome.action === 'register' || outcome.action === 'answer') transactions += 1;
    if (rule === '6.1:reg.ok' && !registeredAtS.has(name)) registeredAtS.set(name, atMs / 1_000);
    else if (rule.startsWith('5.4:')) failures.set(name, (failures.get(name) ?? 0) + 1);
  }
  const { packets } = world.wire;
  const lost = packets.filter(({ dropped }) => dropped === 'loss').length;
  await world.powerCut();
  world.wire.heal();
  await world.stop();
  return { registeredAtS, failures, lossRate: lost / packets.length, transactions };
}
