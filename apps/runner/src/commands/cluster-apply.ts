import { createInterface } from 'node:readline/promises';
import { type Finding, type LineConfig, type PlannedLine, planLines } from '@offhook/core';
import { readConfiguration } from '@offhook/provisioning';
import { type ClusterDoor, lineConfigStore } from '../cluster/door.ts';
import { planText } from '../cluster/plan-text.ts';
import { loadPluggedConfig, readText, runnableConfig, standIn } from '../config-file.ts';
import { type ExitCode, exit } from '../exit.ts';
import type { Output } from '../output.ts';
import { findingText } from '../text.ts';

export interface ApplyOptions {
  /** Applies without a question. */
  readonly yes: boolean;
  readonly strict: boolean;
}

/** What another configuration would make of the cluster's lines. */
export interface ClusterPlan {
  readonly path: string;
  /** Of the configuration in force; 0: there is none yet. */
  readonly revision: number;
  readonly lines: readonly PlannedLine[];
  /** Sections of the file that count in the file of each member, not here. */
  readonly ignored: readonly string[];
  readonly findings: readonly Finding[];
  readonly applied: boolean;
}

/** What a member reads in its own file. */
const ownSections = ['cluster', 'edge', 'bus', 'control', 'state', 'takeover', 'plugins'];

const sectionsOf = (text: string): readonly string[] =>
  ownSections.filter((name) => new RegExp(`^${name}[ \\t]*:`, 'm').test(text));

function linesInForce(text: string | undefined): readonly LineConfig[] {
  if (text === undefined) return [];
  return readConfiguration({ name: 'configuration of the cluster', text, resolveSecret: standIn }).lines;
}

async function isConfirmed(): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question('Apply this? [y/N] ')).trim());
  } finally {
    terminal.close();
  }
}

/**
 * Puts a configuration in force on the whole cluster, after showing what it changes. Without a terminal and without --yes it only shows.
 * Secrets are looked up on the hosts, not here.
 * @throws ConfigError (rejects) `E_CONFIG_INVALID`, `E_CONFIG_UNREADABLE`; ClusterError (rejects) `E_CLUSTER_CONFIG` somebody else has
 * written meanwhile, or it is too large
 */
export async function apply(door: ClusterDoor, path: string, options: ApplyOptions, output: Output): Promise<ExitCode> {
  const file = await loadPluggedConfig(path, { secrets: standIn });
  const wanted = runnableConfig(file, options.strict);
  const text = readText(path);
  const store = await lineConfigStore(door);
  const known = await store.read();
  const plan: Omit<ClusterPlan, 'applied'> = {
    path,
    revision: known?.revision ?? 0,
    lines: planLines(linesInForce(known?.text), wanted.lines),
    ignored: sectionsOf(text),
    findings: file.findings.filter(({ severity }) => severity !== 'info'),
  };
  for (const finding of plan.findings) output.say((paint) => findingText(finding, paint));
  const isAsked = !options.yes && !output.json && process.stdin.isTTY && process.stderr.isTTY;
  if (isAsked) output.say((paint) => planText(plan, paint));
  const isWanted = known?.text !== text && (options.yes || (isAsked && (await isConfirmed())));
  if (isWanted) await store.write(text, plan.revision);
  output.result({ ...plan, applied: isWanted } satisfies ClusterPlan, (paint) => {
    if (isWanted) return `${isAsked ? '' : `${planText(plan, paint)}\n`}Applied. "offhook cluster status" shows it take effect.`;
    return known?.text === text
      ? `${path} is in force already.`
      : `${isAsked ? '' : planText(plan, paint)}\nNot applied${isAsked ? '' : '; add --yes'}.`;
  });
  return exit.done;
}
