import type { TimelineEntry } from './timeline.types.ts';

/** What a fleet of lines does to its servers. */
export interface Fleet {
  readonly lines: number;
  /** REGISTERs each server was sent, by second; repetitions counted. Seconds without any are left out. */
  readonly registers: readonly {
    readonly server: string;
    readonly perSecond: readonly (readonly [second: number, count: number])[];
  }[];
  /** Registrations held at each server whenever their number changed by the second. */
  readonly held: readonly {
    readonly server: string;
    readonly perSecond: readonly (readonly [second: number, count: number])[];
  }[];
  readonly servers: readonly { readonly atS: number; readonly server: string; readonly state: string }[];
  readonly calls: { readonly placed: number; readonly answered: number; readonly failed: number };
}

const holding: ReadonlySet<string> = new Set(['registered', 'refreshing', 'unrenewed']);
const sorted = (counts: ReadonlyMap<number, number>) => [...counts].sort(([a], [b]) => a - b);

/** Counts entries as they come, so that ten thousand lines need no timeline. */
export function createFleetCounter(lines: number) {
  const registers = new Map<string, Map<number, number>>();
  const held = new Map<string, { now: number; readonly perSecond: Map<number, number> }>();
  const holders = new Map<string, string>();
  const servers: { atS: number; server: string; state: string }[] = [];
  const calls = { placed: 0, answered: 0, failed: 0 };

  function hold(server: string, change: 1 | -1, second: number): void {
    const own = held.get(server) ?? { now: 0, perSecond: new Map<number, number>() };
    own.now += change;
    own.perSecond.set(second, own.now);
    held.set(server, own);
  }

  function registration(key: string, server: string | undefined, isHeld: boolean, second: number): void {
    const before = holders.get(key);
    const after = isHeld ? (server ?? before) : undefined;
    if (before === after) return;
    if (before !== undefined) hold(before, -1, second);
    if (after === undefined) holders.delete(key);
    else {
      holders.set(key, after);
      hold(after, 1, second);
    }
  }

  return {
    add(entry: TimelineEntry): void {
      const second = Math.floor(entry.atS);
      if (entry.lane === 'wire' && entry.direction === 'out' && entry.method === 'REGISTER' && entry.status === undefined) {
        const counts = registers.get(entry.server) ?? new Map<number, number>();
        counts.set(second, (counts.get(second) ?? 0) + 1);
        registers.set(entry.server, counts);
      } else if (entry.lane === 'registration.primary' || entry.lane === 'registration.alternate') {
        registration(`${entry.line} ${entry.leg}`, entry.server, holding.has(entry.to), second);
      } else if (entry.lane === 'server') {
        servers.push({ atS: entry.atS, server: entry.server, state: entry.to });
      } else if (entry.lane === 'call') {
        if (entry.from === 'none') calls.placed++;
        if (entry.to === 'up') calls.answered++;
        if (entry.to === 'ended' && entry.from !== 'up' && entry.from !== 'held') calls.failed++;
      }
    },
    result: (): Fleet => ({
      lines,
      registers: [...registers].map(([server, counts]) => ({ server, perSecond: sorted(counts) })),
      held: [...held].map(([server, { perSecond }]) => ({ server, perSecond: sorted(perSecond) })),
      servers,
      calls: { ...calls },
    }),
  };
}

/** The same configuration with so many lines, made of those it has by turns; added ones get users of their own. */
export function multiplyLines<Line extends { readonly id: string; readonly ext: { readonly userId: string } }>(
  lines: readonly Line[],
  count: number,
): readonly Line[] {
  if (lines.length === 0) return lines;
  const ids = new Set(lines.map(({ id }) => id));
  let next = 1;
  return Array.from({ length: count }, (_, i): Line => {
    const line = lines[i % lines.length] as Line;
    if (i < lines.length) return line;
    while (ids.has(`${line.id}-${next}`)) next++;
    const id = `${line.id}-${next++}`;
    return { ...line, id, ext: { ...line.ext, userId: `${line.ext.userId}-${next - 1}` } };
  });
}
