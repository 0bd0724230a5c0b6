import type { Finding, LineConfig, Preset, ResolveSecret, RuntimeConfig, SourcePosition } from '@offhook/core';
import { readProfile } from './read-profile.ts';
import { readYaml } from './read-yaml.ts';

/** A configuration as text. Reading does no I/O: secrets kept elsewhere come through `resolveSecret`. */
export interface ConfigurationSource {
  /** Name that findings show, as the operator would type it. */
  readonly name: string;
  readonly text: string;
  readonly resolveSecret?: ResolveSecret;
  /** Judged as if X Defaults Preset stood in it with this value. */
  readonly preset?: Preset;
}

/** An element of a profile that this runtime has no parameter for. */
export interface UnknownElement {
  readonly name: string;
  /** Undefined: the element asks to keep the value that is there. */
  readonly value: string | undefined;
  readonly at: SourcePosition;
}

export interface ConfigurationReading {
  readonly format: 'yaml' | 'xml';
  /** Undefined when a fault leaves nothing to run. */
  readonly config: RuntimeConfig | undefined;
  /** Every fault, warning and remark, each with its place. */
  readonly findings: readonly Finding[];
  /** The lines that could be read, even where the configuration as a whole could not. */
  readonly lines: readonly LineConfig[];
  /** The plugins that are named; a profile names none. */
  readonly plugins: readonly string[];
  /** Kept, not understood. Empty for YAML, where an unknown key is an error. */
  readonly unknownElements: readonly UnknownElement[];
  /** Place of a line's parameter, for findings that come later. */
  locate(line: string, key: string): SourcePosition | undefined;
}

/**
 * Reads a YAML configuration or a flat profile, told apart by their content. Total: every fault is a finding.
 * @source architecture sections 9, 10
 */
export function readConfiguration(source: ConfigurationSource): ConfigurationReading {
  const text = source.text.replace(/^\ufeff/, '');
  return text.trimStart().startsWith('<') ? readProfile({ ...source, text }) : readYaml({ ...source, text });
}
