import { resolve } from 'node:path';
import type { Finding } from '@offhook/core';
import type { ApplyReport, Runtime } from '@offhook/runtime';
import { loadPluggedConfig, runnableConfig } from './config-file.ts';

/** What became of a configuration that was read while a phone runs. */
export interface ReloadReport extends ApplyReport {
  readonly path: string;
  /** Errors that were repaired and warnings; a configuration that cannot be run is refused as a whole. */
  readonly findings: readonly Finding[];
}

/** Reads the configuration anew, or another one, and puts it in force as far as it may be. */
export type Reload = (path?: string) => Promise<ReloadReport>;

/**
 * One reading at a time: the last one asked for is in force at the end. The file of the latest success is the one that is read again.
 * @throws (rejects) ConfigError, PluginError: nothing has changed then
 */
export function createReload(runtime: Runtime, first: string, strict: boolean): Reload {
  let current = resolve(first);
  let latest: Promise<unknown> = Promise.resolve();
  const read = async (path: string): Promise<ReloadReport> => {
    const file = await loadPluggedConfig(path);
    const report = await runtime.apply(runnableConfig(file, strict));
    current = path;
    return { path, findings: file.findings.filter(({ severity }) => severity !== 'info'), ...report };
  };
  return (path) => {
    const mine = latest.then(() => read(path ?? current));
    latest = mine.catch(() => {});
    return mine;
  };
}
