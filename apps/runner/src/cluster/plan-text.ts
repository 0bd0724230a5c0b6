import { type Apply, parameterByKey } from '@offhook/core';
import type { ClusterPlan } from '../commands/cluster-apply.ts';
import type { Paint } from '../paint.ts';

const effects: Readonly<Record<Apply, string>> = {
  restart: 'waits for a restart of the line: offhook restart LINE --bus URL',
  line: 'the line registers anew, after its calls',
  transaction: 'counts with the next transaction',
  immediate: 'counts at once',
};

const tints = { added: 'green', changed: 'yellow', removed: 'red' } as const;

/** Lines that fare alike stand together: a range of thousands is one row. */
export function planText({ path, revision, lines, ignored }: Omit<ClusterPlan, 'applied'>, paint: Paint): string {
  const groups = new Map<string, { readonly first: string; count: number }>();
  const add = (row: string, line: string): void => {
    const group = groups.get(row);
    if (group === undefined) groups.set(row, { first: line, count: 1 });
    else group.count += 1;
  };
  for (const { line, what, changes } of lines) {
    const rows = changes.map(({ scope, key, apply }) => `${parameterByKey(scope, key)?.label ?? key}: ${effects[apply]}`);
    for (const row of what === 'changed' ? rows : ['']) add(`${paint[tints[what]](what.padEnd(8))} ${row}`.trimEnd(), line);
  }
  const rows = [...groups].map(([row, { first, count }]) => `  ${row}  ${first}${count > 1 ? ` and ${count - 1} more` : ''}`);
  const before = revision === 0 ? 'the cluster has no configuration yet' : `after configuration ${revision}`;
  return [
    `${path}, ${before}: ${rows.length === 0 ? 'no line changes.' : ''}`.trimEnd(),
    ...rows,
    ...(ignored.length === 0 ? [] : [`  not applied here, each member reads its own: ${ignored.join(', ')}`]),
  ].join('\n');
}
