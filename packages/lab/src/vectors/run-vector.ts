import { parseRuntimeConfig } from '@offhook/core';
import { playScenario } from '../scenario/play.ts';
import type { Timeline } from '../scenario/timeline.types.ts';
import { judge } from './judge.ts';
import type { Vector, VectorCase } from './schema.ts';

export interface VectorResult {
  readonly id: string;
  readonly section: string;
  readonly title: string;
  readonly source: string;
  readonly reading?: string;
  readonly result: 'passed' | 'failed';
  /** What was expected and what was seen; of a failed one. */
  readonly faults?: readonly string[];
}

async function runCase({ name, configuration, scenario, seeds, expect }: VectorCase): Promise<readonly string[]> {
  const config = parseRuntimeConfig(configuration);
  const faults: string[] = [];
  for (let i = 0; i < seeds && faults.length === 0; i++) {
    const seed = seeds === 1 ? scenario.seed : `${scenario.seed}/${i}`;
    await playScenario({
      config,
      scenario: { ...scenario, seed },
      async inspect(stage, timeline: Timeline) {
        const where = [name, seeds === 1 ? '' : `seed ${seed}`].filter((part) => part !== '').join(', ');
        const found = expect.flatMap((each) => judge({ stage, timeline }, each));
        const left = await stage.end();
        faults.push(...[...found, ...left].map((fault) => (where === '' ? fault : `${where}: ${fault}`)));
      },
    });
  }
  return faults;
}

/** Plays a vector in virtual time, every case and seed of it. Afterwards everything is put right, and nothing may be left behind. */
export async function runVector({ id, section, title, source, reading, cases }: Vector): Promise<VectorResult> {
  const told = { id, section, title, source, ...(reading !== undefined && { reading }) };
  const faults: string[] = [];
  for (const each of cases) {
    try {
      faults.push(...(await runCase(each)));
    } catch (error) {
      const name = each.name === '' ? '' : `${each.name}: `;
      faults.push(`${name}it cannot be played: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return faults.length === 0 ? { ...told, result: 'passed' } : { ...told, result: 'failed', faults };
}
