import { type Apply, type PlannedLine, parameterByKey } from '@offhook/core';
import type { ClusterPlan } from '../commands/cluster-apply.ts';
import type { Paint } from '../paint.ts';
import { alike } from '../text.ts';

const effects: Readonly<Record<Apply, string>> = {
  restart: 'waits for a restart of the line: offhook restart LINE --bus URL',
  line: 'the line registers anew, after its calls',
  transaction: 'counts with the next transaction',
  immediate: 'counts at once',
};

const tints = { added: 'green', changed: 'yellow', removed: 'red' } as const;

function rowsOf({ what, changes }: PlannedLine, paint: Paint): readonly string[] {
  const name = paint[tints[what]](what.padEnd(8));
  if (what !== 'changed') return [name.trimEnd()];
  return changes.map(({ scope, key, apply }) => `${name} ${parameterByKey(scope, key)?.label ?? key}: ${effects[apply]}`);
}

export function planText({ path, revision, lines, ignored }: Omit<ClusterPlan, 'applied'>, paint: Paint): string {
  const groups = alike(lines.flatMap((plan) => rowsOf(plan, paint).map((row) => [row, plan.line] as const)));
  const rows = groups.map(([row, who]) => `  ${row}  ${who}`);
  const before = revision === 0 ? 'the cluster has no configuration yet' : `after configuration ${revision}`;
  return [
    `${path}, ${before}: ${rows.length === 0 ? 'no line changes.' : ''}`.trimEnd(),
    ...rows,
    ...(ignored.length === 0 ? [] : [`  not applied here, each member reads its own: ${ignored.join(', ')}`]),
  ].join('\n');
}
