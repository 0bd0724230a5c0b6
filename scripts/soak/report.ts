/** Figures of one look at a run: the clock, memory, and what stands. */
export interface Checkpoint {
  /** `6 h`, `2.5 min` since the beginning. */
  readonly at: string;
  readonly heapMb: number;
  readonly rssMb: number;
  readonly registeredLegs: number;
  readonly legs: number;
  /** Timers that would still fire; undefined where nobody can count them. */
  readonly timers: number | undefined;
  readonly faults: number;
  /** Decisions that lines keep for `explain`, at most 32 each: they fill up in the first hours. Undefined where they are full. */
  readonly decisions?: number;
}

export interface SoakReport {
  readonly soak: string;
  readonly lines: number;
  readonly seed: string;
  readonly checkpoints: readonly Checkpoint[];
  /** What was done to it, and how often. */
  readonly faults: Readonly<Record<string, number>>;
  readonly wallS: number;
  /** What was missed; empty: all is well. */
  readonly missed: readonly string[];
}

const megabyte = 1_048_576;
const collect = (globalThis as { readonly gc?: () => void }).gc ?? (() => {});

/** Megabytes after a full collection. */
export function measureMemory(): { readonly heapMb: number; readonly rssMb: number } {
  for (let i = 0; i < 3; i++) collect();
  const { heapUsed, rss } = process.memoryUsage();
  const rounded = (bytes: number): number => Math.round((bytes / megabyte) * 10) / 10;
  return { heapMb: rounded(heapUsed), rssMb: rounded(rss) };
}

/** A decision that is kept costs some 350 bytes. */
const decisionMb = 500 / megabyte;

/** What the heap may have grown to: a twentieth for what wanders, two megabytes for a small one, and decisions kept since. */
const allowedHeapMb = (first: Checkpoint, later: Checkpoint): number =>
  first.heapMb * 1.05 + 2 + ((later.decisions ?? 0) - (first.decisions ?? 0)) * decisionMb;

/** What the figures themselves say: memory that grows, legs without a registration. */
export function judge(checkpoints: readonly Checkpoint[]): readonly string[] {
  const [first] = checkpoints;
  if (first === undefined) return ['nothing was measured'];
  const grown = checkpoints.flatMap((later) => {
    const limitMb = allowedHeapMb(first, later);
    const { at, heapMb } = later;
    return heapMb > limitMb ? [`heap of ${heapMb} MB after ${at}; at most ${limitMb.toFixed(1)} MB is allowed`] : [];
  });
  const open = checkpoints
    .filter(({ registeredLegs, legs }) => registeredLegs < legs)
    .map(({ at, registeredLegs, legs }) => `${legs - registeredLegs} of ${legs} legs without a registration after ${at}`);
  return [...grown, ...open];
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map((row) => row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  ')).join('\n');
}

/** A table for people, then one line of JSON. Sets the exit code. */
export function tell(report: SoakReport): void {
  const { soak, lines, seed, checkpoints, faults, wallS, missed } = report;
  const rows = checkpoints.map(({ at, heapMb, rssMb, registeredLegs, legs, timers, faults: count, decisions }) => [
    ...[at, heapMb.toFixed(1), rssMb.toFixed(0), `${registeredLegs}/${legs}`, String(timers ?? '-'), String(count)],
    String(decisions ?? 'full'),
  ]);
  const told = Object.entries(faults).map(([name, count]) => `${count} ${name}`);
  process.stdout.write(
    [
      `\n${soak}: ${lines} lines, seed ${seed}, ${wallS.toFixed(0)} s`,
      table([['after', 'heap MB', 'RSS MB', 'registered', 'timers', 'faults', 'decisions'], ...rows]),
      `Faults: ${told.join(', ')}.`,
      missed.length === 0 ? 'Nothing was missed.' : missed.map((text) => `MISSED: ${text}`).join('\n'),
      `${JSON.stringify(report)}\n`,
    ].join('\n'),
  );
  process.exitCode = missed.length === 0 ? 0 : 1;
}
