import { LocalProtocolError } from '@offhook/core';
import type { AnyStateMachine, AnyStateNode } from 'xstate';

/**
 * A chart as tables: for each leaf state and event type the transitions that XState would consider, in its order, each with the actions it
 * would run and the leaf it would end in. Computed once for each machine; stepping a line is then a look-up.
 * @source SCXML section D, as xstate 5 applies it; held to it by the equivalence test
 */

interface Args {
  readonly context: unknown;
  readonly event: unknown;
}
type Guard = (args: Args) => boolean;
type Action = (args: Args) => void;

/** One row: where it leads and what runs on the way, in order: exit, transition, entry. */
export interface Step {
  readonly guard: Guard | undefined;
  readonly actions: readonly Action[];
  /** Undefined: nothing is left and nothing entered. */
  readonly target: Leaf | undefined;
}

/** A leaf of the chart and the way to it. */
export interface Leaf {
  /** `registered`, `dual.onTop`. */
  readonly name: string;
  readonly isFinal: boolean;
  readonly on: ReadonlyMap<string, readonly Step[]>;
  readonly always: readonly Step[];
}

export interface ChartTable {
  readonly initial: Leaf;
  /** Entry actions of the initial state. */
  readonly entry: readonly Action[];
}

type Transition = NonNullable<AnyStateNode['always']>[number];
interface Growing extends Leaf {
  readonly on: Map<string, Step[]>;
  readonly always: Step[];
}

const isBelow = (node: AnyStateNode, ancestor: AnyStateNode): boolean =>
  node.parent !== undefined && (node.parent === ancestor || isBelow(node.parent, ancestor));
const pathTo = (node: AnyStateNode): AnyStateNode[] => (node.parent === undefined ? [] : [...pathTo(node.parent), node]);

function refuse(machine: AnyStateMachine, what: string): never {
  throw new LocalProtocolError(
    `The chart "${machine.id}" cannot be pooled: ${what}. Charts hold named guards and plain named actions only.`,
  );
}

function named<Body>(machine: AnyStateMachine, kind: 'guards' | 'actions', given: unknown): Body {
  const name = typeof given === 'string' ? given : (given as { readonly type?: string }).type;
  const body = (machine.implementations[kind] as Readonly<Record<string, unknown>>)[name ?? ''];
  if (typeof body !== 'function' || 'resolve' in body || 'check' in body)
    refuse(machine, `${kind} ${name ?? String(given)} is not plain`);
  return body as Body;
}

/** The state whose descendants a transition leaves; undefined for one that leaves nothing. */
function domainOf({ source, target, reenter }: Transition): AnyStateNode | undefined {
  const [to] = target ?? [];
  if (to === undefined) return undefined;
  if (!reenter && (to === source || isBelow(to, source))) return source;
  for (let node = source.parent; node !== undefined; node = node.parent) if (isBelow(to, node)) return node;
  return source.machine.root;
}

function initialLeaf(node: AnyStateNode): AnyStateNode {
  return node.type === 'compound' ? initialLeaf(node.initial.target[0] as AnyStateNode) : node;
}

export function tabulate(machine: AnyStateMachine): ChartTable {
  const leaves = new Map<AnyStateNode, Growing>();
  const actionsOf = (given: readonly unknown[]): Action[] => given.map((action) => named<Action>(machine, 'actions', action));

  function collect(node: AnyStateNode): void {
    if (node.type === 'parallel' || node.type === 'history') refuse(machine, `state ${node.id} is ${node.type}`);
    if (node.invoke.length > 0 || node.after.length > 0) refuse(machine, `state ${node.id} invokes or waits`);
    for (const child of Object.values(node.states)) collect(child as AnyStateNode);
    if (node.type === 'compound') return;
    const name = node.path.join('.');
    leaves.set(node, { name, isFinal: node.type === 'final', on: new Map(), always: [] });
  }

  function stepOf(from: AnyStateNode, transition: Transition): Step {
    const guard = transition.guard === undefined ? undefined : named<Guard>(machine, 'guards', transition.guard);
    const domain = domainOf(transition);
    const [to] = (transition.target ?? []) as readonly AnyStateNode[];
    if (domain === undefined || to === undefined) return { guard, actions: actionsOf(transition.actions), target: undefined };
    const leaf = initialLeaf(to);
    const left = pathTo(from)
      .filter((node) => isBelow(node, domain))
      .reverse();
    const entered = pathTo(leaf).filter((node) => isBelow(node, domain));
    const actions = [...left.flatMap(({ exit }) => exit), ...transition.actions, ...entered.flatMap(({ entry }) => entry)];
    return { guard, actions: actionsOf(actions), target: leaves.get(leaf) };
  }

  function fill(node: AnyStateNode, leaf: Growing): void {
    // A transition of the leaf itself is asked before those of its parents.
    for (let owner: AnyStateNode | undefined = node; owner !== undefined; owner = owner.parent) {
      for (const [type, transitions] of owner.transitions) {
        if (type.includes('*')) refuse(machine, `state ${owner.id} listens to ${type}`);
        const known = leaf.on.get(type) ?? [];
        leaf.on.set(type, [...known, ...transitions.map((transition) => stepOf(node, transition))]);
      }
      leaf.always.push(...(owner.always ?? []).map((transition) => stepOf(node, transition)));
    }
  }

  collect(machine.root);
  for (const [node, leaf] of leaves) fill(node, leaf);
  const first = initialLeaf(machine.root);
  const initial = leaves.get(first);
  if (initial === undefined) return refuse(machine, 'it has no states');
  return { initial, entry: actionsOf([machine.root, ...pathTo(first)].flatMap(({ entry }) => entry)) };
}
