import { type ConfigPath, createNotes, type Finding, noteIssues, type SourcePosition } from '@offhook/core';
import { readYamlText } from '@offhook/provisioning';
import { readSteps, scenarioOf } from './read-steps.ts';
import { drillSchema, type Scenario } from './schema.ts';

/** A drill as its file says it. */
export interface Drill {
  readonly title: string;
  readonly about: string;
  readonly scenario: Scenario;
  /** Path of a configuration as it is written, or a whole one; undefined when the command names it. */
  readonly configuration: string | Readonly<Record<string, unknown>> | undefined;
  /** So many lines, made of those of the configuration. */
  readonly lines: number | undefined;
}

export interface DrillReading {
  /** Undefined when a fault leaves nothing to play. */
  readonly drill: Drill | undefined;
  /** Every fault with its place. */
  readonly findings: readonly Finding[];
  locate(path: ConfigPath): SourcePosition;
}

/** Reads a drill from YAML or JSON. Total: every fault is a finding. */
export function readDrill(source: { readonly name: string; readonly text: string }): DrillReading {
  const { value = {}, findings: syntax, locate } = readYamlText(source);
  const notes = createNotes(locate);
  notes.findings.push(...syntax);
  if (syntax.length > 0) return { drill: undefined, findings: syntax, locate };
  const parsed = drillSchema.safeParse(value);
  if (!parsed.success) noteIssues(parsed.error, drillSchema, value, notes);
  const script = (value as { readonly script?: unknown }).script;
  const raw = Array.isArray(script) ? script.filter((step) => typeof step === 'object' && step !== null) : [];
  const steps = readSteps(raw, ['script'], notes);
  if (!parsed.success || notes.refused) return { drill: undefined, findings: notes.findings, locate };
  const { title = source.name.replace(/^.*\//, ''), about = '', configuration, lines, seed = 1, ...played } = parsed.data;
  const drill = { title, about, scenario: scenarioOf(played, steps, seed), configuration, lines };
  return { drill, findings: notes.findings, locate };
}
