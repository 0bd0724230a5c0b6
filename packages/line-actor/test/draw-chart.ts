import type { AnyStateMachine, AnyStateNode } from 'xstate';

/** A chart as a page: a picture, then each state with its description, its source and what it answers. Read from the machine itself. */

type Transition = NonNullable<AnyStateNode['always']>[number];

const nameOf = (given: unknown): string =>
  typeof given === 'string' ? given : ((given as { readonly type?: string }).type ?? '?');
const pathOf = (node: AnyStateNode): string => node.path.join('.') || node.machine.id;
/** Names that a diagram takes: no dots. */
const tokenOf = (node: AnyStateNode): string => node.path.join('_');
const below = (node: AnyStateNode): readonly AnyStateNode[] =>
  Object.values(node.states).flatMap((child) => [child as AnyStateNode, ...below(child as AnyStateNode)]);

function transitionsOf(node: AnyStateNode): readonly (readonly [event: string, transition: Transition])[] {
  const on = [...node.transitions].flatMap(([event, all]) => all.map((transition) => [event, transition as Transition] as const));
  return [...on, ...(node.always ?? []).map((transition) => ['always', transition] as const)];
}

const guardOf = ({ guard }: Transition): string => (guard === undefined ? '' : ` [${nameOf(guard)}]`);
const targetOf = ({ target }: Transition): AnyStateNode | undefined => target?.[0] as AnyStateNode | undefined;

/** Arrows between the same two states share one, its events below each other. */
function arrows(nodes: readonly AnyStateNode[]): readonly string[] {
  const labels = new Map<string, string[]>();
  for (const node of nodes) {
    for (const [event, transition] of transitionsOf(node)) {
      const target = targetOf(transition);
      if (target === undefined || node.parent === undefined) continue;
      const arrow = `${tokenOf(node)} --> ${tokenOf(target)}`;
      labels.set(arrow, [...(labels.get(arrow) ?? []), `${event}${guardOf(transition)}`]);
    }
  }
  return [...labels].map(([arrow, events]) => `  ${arrow}: ${events.join('<br>')}`);
}

function nested(node: AnyStateNode, indent: string): readonly string[] {
  const start = node.type === 'compound' ? [`${indent}[*] --> ${tokenOf(node.initial.target[0] as AnyStateNode)}`] : [];
  const children = Object.values(node.states).flatMap((child) => {
    const state = child as AnyStateNode;
    if (state.type === 'final') return [`${indent}${tokenOf(state)} --> [*]`];
    if (state.type !== 'compound') return [`${indent}state "${state.key}" as ${tokenOf(state)}`];
    return [`${indent}state "${state.key}" as ${tokenOf(state)} {`, ...nested(state, `${indent}  `), `${indent}}`];
  });
  return [...start, ...children];
}

function row([event, transition]: readonly [string, Transition]): string {
  const target = targetOf(transition);
  const actions = transition.actions.map(nameOf).join(', ');
  return `| \`${event}\`${guardOf(transition)} | ${target === undefined ? '–' : pathOf(target)} | ${actions || '–'} |`;
}

function section(node: AnyStateNode): string {
  const { source = '' } = (node.meta ?? {}) as { readonly source?: string };
  const entry = node.entry.length === 0 ? '' : `\n\nOn entry: ${node.entry.map(nameOf).join(', ')}.`;
  const rows = transitionsOf(node).map(row);
  const table = rows.length === 0 ? '' : `\n\n| event | to | actions, in order |\n|---|---|---|\n${rows.join('\n')}`;
  return `## ${pathOf(node)}\n\n${node.description ?? ''}\n\nSource: ${source}.${entry}${table}`;
}

export function drawChart(machine: AnyStateMachine): string {
  const { root } = machine;
  const nodes = below(root);
  const everywhere = transitionsOf(root).map(row);
  const always =
    everywhere.length === 0
      ? []
      : [`## In every state\n\n| event | to | actions, in order |\n|---|---|---|\n${everywhere.join('\n')}`];
  const picture = ['```mermaid', 'stateDiagram-v2', ...nested(root, '  '), ...arrows(nodes), '```'].join('\n');
  return [
    `<!-- Drawn from the machine. After a change: npx vitest run -u in packages/line-actor. -->\n# The ${machine.id} chart`,
    root.description ?? '',
    picture,
    ...nodes.map(section),
    ...always,
  ]
    .join('\n\n')
    .concat('\n');
}
