import { describe, expect, it } from 'vitest';
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { callMachine } from '../src/call.machine.ts';
import { lineMachine } from '../src/line.machine.ts';
import { registrationMachine } from '../src/registration.machine.ts';
import { subscriptionMachine } from '../src/subscription.machine.ts';
import { drawChart } from './draw-chart.ts';

const charts: readonly AnyStateMachine[] = [registrationMachine, lineMachine, callMachine, subscriptionMachine];
const statesOf = (node: AnyStateNode): readonly AnyStateNode[] =>
  Object.values(node.states).flatMap((child) => [child as AnyStateNode, ...statesOf(child as AnyStateNode)]);

describe.each(charts.map((machine) => [machine.id, machine] as const))('the %s chart', (id, machine) => {
  it('is drawn in docs/statecharts as it is', async () => {
    await expect(drawChart(machine)).toMatchFileSnapshot(`../../../docs/statecharts/${id}.md`);
  });

  it('says of every state what it is and on which source it rests', () => {
    const silent = statesOf(machine.root).filter(
      ({ description, meta }) => !description || !(meta as { readonly source?: string } | undefined)?.source,
    );
    expect(silent.map(({ id: state }) => state)).toEqual([]);
  });

  it('has a way out of every state that is not final', () => {
    const leaves = statesOf(machine.root).filter(({ type }) => type === 'atomic');
    const leads = (node: AnyStateNode | undefined): boolean =>
      node !== undefined &&
      ([...node.transitions.values()].flat().some(({ target }) => (target?.length ?? 0) > 0) || leads(node.parent));
    expect(leaves.filter((leaf) => !leads(leaf)).map(({ id: state }) => state)).toEqual([]);
  });
});
