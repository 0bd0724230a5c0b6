import { type ConfigPath, createNotes, type Finding, type LineConfig, type Locate } from '@offhook/core';
import { layNetwork } from './network.ts';
import type { Scenario, Step } from './schema.ts';

/** Keys of steps that name lines, and those that name servers. */
const lineKeys = ['call', 'hangUp', 'answer', 'callIn', 'message', 'restart', 'line'] as const;
const serverKeys = ['server', 'by', 'of'] as const;

const valuesAt = (step: Step, key: string): readonly string[] => {
  const value: unknown = Object.hasOwn(step, key) ? (step as unknown as Readonly<Record<string, unknown>>)[key] : undefined;
  return typeof value === 'string' ? [value] : Array.isArray(value) ? value.map(String) : [];
};

const someOf = (all: readonly string[]): string =>
  all.length > 8 ? `${all.slice(0, 8).join(', ')} and ${all.length - 8} more` : all.join(', ');

/** Names in a script that no line and no server of the configuration has, each at its place; `at` is where the script stands. */
export function checkNames(
  scenario: Scenario,
  lines: readonly LineConfig[],
  at: ConfigPath,
  locate?: Locate,
): readonly Finding[] {
  const notes = createNotes(locate);
  const network = layNetwork(lines, scenario);
  const ids = new Set(lines.map(({ id }) => id));
  const refuse = (step: Step, key: string, seen: string, allowed: string, what: string): void =>
    notes.refuse([...at, step.index, key], {
      code: 'value.invalid',
      seen,
      allowed,
      message: `There is no ${what} of this name in the configuration.`,
      remedy: `Name one that there is, or all.`,
    });
  for (const step of scenario.steps) {
    for (const key of lineKeys)
      for (const name of valuesAt(step, key))
        if (name !== 'all' && !ids.has(name)) refuse(step, key, name, someOf([...ids]), 'line');
    for (const key of serverKeys)
      for (const name of valuesAt(step, key))
        if (name !== 'all' && network.find(name) === undefined)
          refuse(step, key, name, network.servers.map((each) => `${each.name} (${each.host})`).join(', '), 'server');
  }
  return notes.findings;
}
