import { resolve } from 'node:path';
import { ConfigError, PolicyConflictError } from '@offhook/core';
import type { MechanismAnswer } from '@offhook/runtime';
import type { ControlClient } from '../control-client.ts';
import { type ExitCode, exit } from '../exit.ts';
import type { Output } from '../output.ts';
import type { ReloadReport } from '../reload.ts';
import { mechanismText, reloadText } from '../reload-text.ts';
import type { Connect } from './remote.ts';

/* Changes of the configuration of a running runner. */

async function withRunner<T>(connect: Connect, use: (client: ControlClient) => Promise<T>): Promise<T> {
  const client = await connect();
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

/** A refusal in one sentence; what clashes, why and what to do stands in its findings. */
function inShort(error: unknown, line: string, mechanism: string): unknown {
  if (!(error instanceof ConfigError)) return error;
  const { code, findings } = error;
  const message = `Line ${line} does not take the mechanism ${mechanism}; it goes on as it is.`;
  return code === 'E_POLICY_CONFLICT'
    ? new PolicyConflictError(message, { findings })
    : new ConfigError(code, message, { findings });
}

/** Asks the registry of the running line for a mechanism. Exit 2 when it is refused. */
export async function policy(
  connect: Connect,
  { line, mechanism, restart }: { readonly line: string; readonly mechanism: string; readonly restart: boolean },
  output: Output,
): Promise<ExitCode> {
  const answer = (await withRunner(connect, (client) => client.ask('policy', { line, args: { mechanism, restart } })).catch(
    (error: unknown) => {
      throw inShort(error, line, mechanism);
    },
  )) as MechanismAnswer;
  output.result(answer, (paint) => mechanismText(answer, paint));
  return exit.done;
}

/** The line withdraws its registrations and begins anew, with all that has waited for that. */
export async function restart(connect: Connect, line: string, output: Output): Promise<ExitCode> {
  const status = await withRunner(connect, (client) => client.ask('restart', { line }));
  output.result(status, () => `${line} is being restarted.`);
  return exit.done;
}

/** Has the runner read its configuration again, or the one named. Exit 2 when that cannot be run: nothing has changed then. */
export async function reload(connect: Connect, file: string | undefined, output: Output): Promise<ExitCode> {
  const args = file === undefined ? {} : { file: resolve(file) };
  const report = (await withRunner(connect, (client) => client.ask('reload', { args }))) as ReloadReport;
  output.result(report, (paint) => reloadText(report, paint));
  return exit.done;
}
