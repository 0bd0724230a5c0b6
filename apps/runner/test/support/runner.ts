import type { LineStatus } from '@offhook/runtime';
import { type ControlClient, connectControl } from '../../src/control-client.ts';
import { type Offhook, startOffhook } from './offhook.ts';

export const linePassword = 'correct-horse-battery';

/** `offhook run --json` that has said it runs. */
export interface TestRunner extends Offhook {
  readonly socket: string;
}

export async function startRunner(config: string, socket: string, more: readonly string[] = []): Promise<TestRunner> {
  const env = { LINE_PASSWORD: linePassword };
  const process = startOffhook(['run', config, '--json', '--socket', socket, ...more], { env });
  await process.line('"running"');
  return { ...process, socket };
}

/** Resolves once the condition holds of the lines; asked at every fact. */
async function untilLines(client: ControlClient, holds: (lines: readonly LineStatus[]) => boolean): Promise<void> {
  let wake: () => void = () => {};
  await client.subscribe(() => wake());
  for (;;) {
    const heard = new Promise<void>((resolve) => {
      wake = resolve;
    });
    if (holds((await client.ask('lines')) as readonly LineStatus[])) return;
    await heard;
  }
}

/** Resolves once every leg of every line is registered. */
export async function untilRegistered(socket: string): Promise<void> {
  const client = await connectControl(socket);
  await untilLines(client, (lines) => lines.every(({ legs }) => legs.every(({ usable }) => usable)));
  client.close();
}
