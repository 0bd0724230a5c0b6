import fc from 'fast-check';
import { keepsAllLaws } from './laws.ts';
import { playPlot } from './play.ts';
import { type Plot, plots } from './plot.ts';
import { tellPlot } from './tell.ts';

/* The property, and how a counter-example is told. */

export interface ModelRun {
  readonly runs: number;
  /** The largest share of its bound that a line has taken to recover. */
  readonly longest: number;
  /** A story, the broken law, and how to see it again; undefined: none was broken. */
  readonly counterExample: string | undefined;
}

/** Draws `runs` plots from the seed and plays them. */
export async function checkModel(seed: number, runs: number): Promise<ModelRun> {
  let longest = 0;
  const property = fc.asyncProperty(plots, (plot) =>
    playPlot(plot, (played) => {
      longest = Math.max(longest, (played.recoveredS ?? 0) / played.boundS);
      keepsAllLaws(played);
    }),
  );
  const { failed, counterexample, errorInstance, numRuns, numShrinks } = await fc.check(property, { seed, numRuns: runs });
  if (!failed) return { runs: numRuns, longest, counterExample: undefined };
  const plot = counterexample?.[0] as Plot;
  const why = errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
  const again = `seed ${seed}, run ${numRuns}, made simpler ${numShrinks} times`;
  return { runs: numRuns, longest, counterExample: `${tellPlot(plot)}\n${why}\n(${again})\n${JSON.stringify(plot)}` };
}
