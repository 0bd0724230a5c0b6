import { systemAmbient } from '@offhook/core';
import type { CallFact, Fact } from '@offhook/runtime';
import { connectControl } from '../control-client.ts';
import { type ExitCode, exit } from '../exit.ts';
import type { Output } from '../output.ts';

/** What became of a call. */
interface CallReport {
  readonly call: CallFact;
  readonly answered: boolean;
  readonly durationMs: number;
}

/**
 * Places a call from a line and stays until it ends: after `durationS`, by the other side, or by an interrupt. Exit 1 when it was
 * not answered.
 */
export async function call(
  socket: string,
  line: string,
  target: string,
  durationS: number | undefined,
  output: Output,
  interrupted: AbortSignal,
): Promise<ExitCode> {
  const ambient = systemAmbient();
  const client = await connectControl(socket);
  const watcher = await connectControl(socket);
  try {
    let latest: CallFact | undefined;
    let answeredAt = 0;
    let finish: () => void = () => {};
    const ended = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const seen: CallFact[] = [];
    const consider = (fact: CallFact): void => {
      if (latest === undefined || fact.id !== latest.id) return void seen.push(fact);
      if (fact.state !== latest.state) output.say(`${line} call ${fact.id}: ${fact.state} on ${fact.leg}`);
      latest = fact;
      if (fact.state === 'up' && answeredAt === 0) {
        answeredAt = ambient.now();
        if (durationS !== undefined) ambient.setTimer(() => void hangup(), durationS * 1000);
      }
      if (fact.state === 'ended') finish();
    };
    const hangup = (): Promise<unknown> => client.ask('hangup', { line, args: { call: latest?.id ?? '' } }).catch(() => finish());
    const facts = watcher.events((given) => {
      const fact = given as Fact;
      if (fact.kind === 'call') consider(fact.value as CallFact);
    });
    interrupted.addEventListener('abort', () => void hangup(), { once: true });
    latest = (await client.ask('call', { line, args: { target } })) as CallFact;
    for (const fact of seen.splice(0)) consider(fact);
    if (latest.state !== 'ended') await Promise.race([ended, facts]);
    const report: CallReport = {
      call: latest,
      answered: answeredAt > 0,
      durationMs: answeredAt > 0 ? ambient.now() - answeredAt : 0,
    };
    output.result(report, () =>
      report.answered
        ? `${line}: call to ${target} on ${latest?.leg} lasted ${(report.durationMs / 1000).toFixed(1)} s.`
        : `${line}: call to ${target} failed: ${latest?.status ?? ''} ${latest?.reason ?? ''}`.trim(),
    );
    return report.answered ? exit.done : exit.missed;
  } finally {
    client.close();
    watcher.close();
  }
}
