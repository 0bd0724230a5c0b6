import { type Decision, systemAmbient } from '@offhook/core';
import { describeDecision, type Explanation, type Fact, type LineStatus } from '@offhook/runtime';
import { type ControlClient, connectControl } from '../control-client.ts';
import { type ExitCode, exit } from '../exit.ts';
import type { Output } from '../output.ts';
import { explainText, linesText } from '../text.ts';

/* Commands to a running runner, over its control socket. */

async function withRunner<T>(socket: string, use: (client: ControlClient) => Promise<T>): Promise<T> {
  const client = await connectControl(socket);
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

export async function lines(socket: string, output: Output): Promise<ExitCode> {
  const found = (await withRunner(socket, (client) => client.ask('lines'))) as readonly LineStatus[];
  output.result(found, () => linesText(found, systemAmbient().now()));
  return exit.done;
}

export async function explain(socket: string, line: string, output: Output): Promise<ExitCode> {
  const found = (await withRunner(socket, (client) => client.ask('explain', { line }))) as Explanation;
  output.result(found, () => explainText(found));
  return exit.done;
}

export async function hangup(socket: string, line: string, call: string | undefined, output: Output): Promise<ExitCode> {
  const ended = await withRunner(socket, (client) => client.ask('hangup', { line, args: call === undefined ? {} : { call } }));
  output.result(ended, () => `${line}: hung up.`);
  return exit.done;
}

const factText = (fact: Fact): string =>
  fact.kind === 'decision'
    ? `${(fact.value as Decision).line} ${describeDecision(fact.value as Decision)}`
    : `${fact.key} ${fact.kind} ${JSON.stringify(fact.value)}`;

/** Prints facts until the runner ends or the user interrupts. */
export async function events(socket: string, output: Output): Promise<ExitCode> {
  await withRunner(socket, (client) => client.events((fact) => output.result(fact, () => factText(fact as Fact))));
  return exit.done;
}
