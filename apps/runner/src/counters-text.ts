import type { RuntimeCounters } from '@offhook/runtime';
import type { Paint } from './paint.ts';

type Row = readonly [name: string, count: number];

function section(title: string, rows: readonly Row[], paint: Paint): readonly string[] {
  const width = Math.max(0, ...rows.map(([name]) => name.length));
  return [paint.bold(title), ...rows.map(([name, count]) => `  ${name.padEnd(width)}  ${count}`)];
}

const risen = (counters: object): readonly Row[] =>
  Object.entries(counters as Readonly<Record<string, number>>).filter(([, count]) => count > 0);

/** Counters that are not 0, edge first. docs/limits.md explains each. */
export function countersText({ edge, lines }: RuntimeCounters, paint: Paint): string {
  const parts: readonly string[] = [
    ...(edge === undefined ? ['The edge of these lines does not answer.'] : section('Edge', risen(edge), paint)),
    ...(lines === undefined ? [] : section('Lines', [['received', lines.received], ...risen(lines.faults)], paint)),
  ];
  return parts.join('\n');
}
