import { parseArgs } from 'node:util';
import { checkModel } from '../../packages/lab/test/model/check.ts';

/* Many runs of the model, in parts with a seed of their own: a part can be seen again alone. */

const partRuns = 100;

const { values, positionals } = parseArgs({ allowPositionals: true, options: { seed: { type: 'string', default: '1' } } });
const wanted = Number(positionals[0] ?? '10000');
const firstSeed = Number(values.seed);
if (!Number.isInteger(wanted) || wanted < 1 || !Number.isInteger(firstSeed))
  throw new Error(`a number of runs and a whole --seed are needed, not "${positionals[0]}" and "${values.seed}"`);

const startMs = performance.now();
let done = 0;
let longest = 0;
let failed = 0;
for (let seed = firstSeed; done < wanted; seed++) {
  const runs = Math.min(partRuns, wanted - done);
  const found = await checkModel(seed, runs);
  done += runs;
  longest = Math.max(longest, found.longest);
  if (found.counterExample !== undefined) {
    failed += 1;
    process.stdout.write(`\n${found.counterExample}\n\n`);
  }
  const tookS = (performance.now() - startMs) / 1_000;
  process.stdout.write(`seed ${seed}: ${done} of ${wanted} runs, ${failed} counter-examples, ${tookS.toFixed(0)} s\n`);
}
process.stdout.write(`longest recovery: ${(longest * 100).toFixed(0)} % of its bound\n`);
process.exitCode = failed === 0 ? 0 : 1;
