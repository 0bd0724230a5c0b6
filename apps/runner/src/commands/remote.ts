import { systemAmbient } from '@offhook/core';
import type { CallFact, Fact, LineStatus, RuntimeCounters } from '@offhook/runtime';
import type { ControlClient } from '../control-client.ts';
import { countersText } from '../counters-text.ts';
import { type ExitCode, exit } from '../exit.ts';
import type { Output } from '../output.ts';
import { factText, linesText } from '../text.ts';

/* Commands to a running runner, over its control socket. */

/** Opens the connection that a command needs. */
export type Connect = () => Promise<ControlClient>;

async function withRunner<T>(connect: Connect, use: (client: ControlClient) => Promise<T>): Promise<T> {
  const client = await connect();
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

const statusOf = async (client: ControlClient): Promise<readonly LineStatus[]> =>
  (await client.ask('lines')) as readonly LineStatus[];

export async function lines(connect: Connect, output: Output): Promise<ExitCode> {
  const found = await withRunner(connect, statusOf);
  output.result(found, (paint) => linesText(found, systemAmbient().now(), paint));
  return exit.done;
}

export async function counters(connect: Connect, output: Output): Promise<ExitCode> {
  const found = (await withRunner(connect, (client) => client.ask('counters'))) as RuntimeCounters;
  output.result(found, (paint) => countersText(found, paint));
  return exit.done;
}

/** Exit 1 when there was nothing to end. */
export async function hangup(connect: Connect, line: string, call: string | undefined, output: Output): Promise<ExitCode> {
  const args = call === undefined ? {} : { call };
  const ended = (await withRunner(connect, (client) => client.ask('hangup', { line, args }))) as readonly CallFact[];
  output.result(ended, () =>
    ended.length === 0
      ? `${line} has no call to end.`
      : `${line}: ${ended.map(({ id }) => id).join(', ')} ${ended.length === 1 ? 'is' : 'are'} being ended.`,
  );
  return ended.length === 0 ? exit.missed : exit.done;
}

/** Prints facts until the runner ends, nobody reads any longer (both exit 0), or the user interrupts. */
export async function events(connect: Connect, output: Output, interrupted: AbortSignal): Promise<ExitCode> {
  return withRunner(connect, async (client) => {
    const names = new Map((await statusOf(client)).map(({ key, id }) => [String(key), id]));
    const nameOf = (key: string): string => names.get(key) ?? key;
    const { now } = systemAmbient();
    const stop = (): void => client.close();
    for (const signal of [interrupted, output.closed]) signal.addEventListener('abort', stop, { once: true });
    await client.subscribe(
      (fact) => output.result(fact, (paint) => factText(fact as Fact, nameOf, now(), paint)),
      (count) => output.say(`${count} events were left out: they came faster than they are read here.`),
    );
    output.say(`Following ${names.size} lines; Ctrl-C ends.`);
    await client.ended;
    return interrupted.aborted ? exit.interrupted : exit.done;
  });
}
