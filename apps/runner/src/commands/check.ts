import { hasErrors } from '@offhook/core';
import { loadConfig } from '../config-file.ts';
import { type ExitCode, exit } from '../exit.ts';
import type { Output } from '../output.ts';
import { findingsText } from '../text.ts';

/** Judges configuration files without running them. Exit 2 when one of them has an error. */
export function check(paths: readonly string[], output: Output): ExitCode {
  const files = paths.map(loadConfig);
  const report = files.map(({ path, config, findings }) => ({
    path,
    runnable: config !== undefined,
    lines: config?.lines.length ?? 0,
    findings,
  }));
  output.result(report, () => files.map(({ path, findings }) => findingsText(path, findings)).join('\n'));
  return files.some(({ config, findings }) => config === undefined || hasErrors(findings)) ? exit.usage : exit.done;
}
