import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CommandError, ConfigError, type Finding } from '@offhook/core';
import type { Vector, VectorResult } from '@offhook/lab';
import { readText } from '../config-file.ts';
import { type ExitCode, exit } from '../exit.ts';
import type { Output } from '../output.ts';
import type { Paint } from '../paint.ts';

export interface ConformanceOptions {
  /** Folder of vectors; those of this build unless told. */
  readonly vectors?: string;
}

function filesIn(folder: string): readonly string[] {
  try {
    const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
    if (files.length > 0) return files.sort().map((name) => join(folder, name));
  } catch {
    // Told below: what is no folder has no vectors either.
  }
  throw new ConfigError('E_CONFIG_UNREADABLE', `There are no vectors in ${folder}. Name a folder with .yaml files in it.`);
}

/** @throws ConfigError `E_CONFIG_INVALID` with every finding, `E_CONFIG_UNREADABLE` */
async function loadVectors(folder: string | undefined): Promise<readonly Vector[]> {
  const { readVectors, vectorFolder } = await import('@offhook/lab');
  const read = filesIn(folder ?? fileURLToPath(vectorFolder)).map((name) =>
    readVectors({ name, text: readText(name, 'vectors') }),
  );
  const findings: readonly Finding[] = read.flatMap((each) => each.findings);
  if (findings.length > 0) throw new ConfigError('E_CONFIG_INVALID', 'These vectors cannot be read.', { findings });
  return read.flatMap(({ vectors }) => vectors);
}

function chosen(vectors: readonly Vector[], ids: readonly string[]): readonly Vector[] {
  const unknown = ids.filter((id) => !vectors.some((vector) => vector.id === id));
  if (unknown.length > 0)
    throw new CommandError(
      'E_COMMAND_INVALID',
      `There is no vector ${unknown.join(', ')}. "offhook conformance" without names runs all.`,
    );
  return ids.length === 0 ? vectors : vectors.filter(({ id }) => ids.includes(id));
}

function rowText({ id, result, title, source, reading, faults = [] }: VectorResult, paint: Paint): string {
  const tint = { passed: paint.green, failed: paint.red }[result];
  const remarks = [source, ...(reading === undefined ? [] : [`played: ${reading}`])];
  const row = `  ${id.padEnd(8)}${tint(result.padEnd(9))}${title} ${paint.dim(`[${remarks.join('; ')}]`)}`;
  return [row, ...faults.map((fault) => `      ${fault}`)].join('\n');
}

function tableText(results: readonly VectorResult[], paint: Paint): string {
  const sections = [...new Set(results.map(({ section }) => section))];
  return sections
    .flatMap((section) => [
      paint.bold(section),
      ...results.filter((each) => each.section === section).map((each) => rowText(each, paint)),
    ])
    .join('\n');
}

/** Plays the vectors of the redundancy reference, or some of them. Exit 1 when one fails. */
export async function conformance(
  ids: readonly string[],
  options: ConformanceOptions,
  output: Output,
  interrupted: AbortSignal,
): Promise<ExitCode> {
  const { runVector } = await import('@offhook/lab');
  const results: VectorResult[] = [];
  for (const vector of chosen(await loadVectors(options.vectors), ids)) {
    if (interrupted.aborted) return exit.interrupted;
    results.push(await runVector(vector));
  }
  const count = (result: VectorResult['result']): number => results.filter((each) => each.result === result).length;
  const totals = { total: results.length, passed: count('passed'), failed: count('failed') };
  output.result({ ...totals, vectors: results }, (paint) => {
    const sum = `${totals.total} vectors: ${totals.passed} passed, ${totals.failed} failed.`;
    return `${tableText(results, paint)}\n${(totals.failed > 0 ? paint.red : paint.green)(sum)}`;
  });
  return totals.failed > 0 ? exit.missed : exit.done;
}
