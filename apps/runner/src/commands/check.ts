import { ConfigError, hasErrors } from '@offhook/core';
import { loadPluggedConfig } from '../config-file.ts';
import { type ExitCode, exit } from '../exit.ts';
import { type ErrorReport, errorReport, type Output } from '../output.ts';
import type { Paint } from '../paint.ts';
import { type FileVerdict, findingsText } from '../text.ts';

interface FileReport extends FileVerdict {
  /** Set when the file cannot be read at all, or a plugin that it names cannot be loaded. */
  readonly error?: ErrorReport;
}

async function judge(path: string): Promise<FileReport> {
  try {
    const { config, findings: faults, figures, pluginFault } = await loadPluggedConfig(path);
    // Figures of a configuration that cannot be run would be figures of something else.
    const findings = config === undefined ? faults : [...faults, ...figures()];
    const verdict = { path, runnable: config !== undefined, lines: config?.lines.length ?? 0, findings };
    return pluginFault === undefined
      ? verdict
      : { ...verdict, runnable: false, error: { ...errorReport(pluginFault), exit: exit.usage } };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { path, runnable: false, lines: 0, findings: [], error: errorReport(error) };
  }
}

function fileText(file: FileReport, paint: Paint): string {
  const { path, error } = file;
  const fault = error === undefined ? [] : error.message.split('\n').map((line) => `${path}: ${paint.red('error')} ${line}`);
  return [...fault, ...(error?.code === 'E_CONFIG_UNREADABLE' ? [] : [findingsText(file, paint)])].join('\n');
}

/**
 * Judges configuration files without running them, every one of them; plugins that they name are loaded. Exit 2 when one has an error,
 * a plugin that cannot be loaded among them.
 */
export async function check(paths: readonly string[], output: Output): Promise<ExitCode> {
  const files: FileReport[] = [];
  for (const path of paths) files.push(await judge(path));
  output.result(files, (paint) => files.map((file) => fileText(file, paint)).join('\n'));
  return files.some(({ runnable, findings }) => !runnable || hasErrors(findings)) ? exit.usage : exit.done;
}
