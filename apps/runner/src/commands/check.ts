import { ConfigError, hasErrors } from '@offhook/core';
import { loadConfig } from '../config-file.ts';
import { type ExitCode, exit } from '../exit.ts';
import { type ErrorReport, errorReport, type Output } from '../output.ts';
import { type FileVerdict, findingsText } from '../text.ts';

interface FileReport extends FileVerdict {
  /** Set when the file cannot be read at all. */
  readonly error?: ErrorReport;
}

function judge(path: string): FileReport {
  try {
    const { config, findings } = loadConfig(path);
    return { path, runnable: config !== undefined, lines: config?.lines.length ?? 0, findings };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { path, runnable: false, lines: 0, findings: [], error: errorReport(error) };
  }
}

/** Judges configuration files without running them, every one of them. Exit 2 when one has an error. */
export function check(paths: readonly string[], output: Output): ExitCode {
  const files = paths.map(judge);
  output.result(files, (paint) =>
    files
      .map((file) =>
        file.error === undefined ? findingsText(file, paint) : `${file.path}: ${paint.red('error')} ${file.error.message}`,
      )
      .join('\n'),
  );
  return files.some(({ runnable, findings }) => !runnable || hasErrors(findings)) ? exit.usage : exit.done;
}
