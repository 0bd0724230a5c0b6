import { lineKey, PhoneError, systemAmbient, type Timer } from '@offhook/core';
import type { CallFact, Fact } from '@offhook/runtime';
import type { ControlClient } from '../control-client.ts';
import { spanText } from '../decision-text.ts';
import { type ExitCode, exit } from '../exit.ts';
import type { Output } from '../output.ts';
import type { Connect } from './remote.ts';

export interface CallOrder {
  readonly line: string;
  /** User or SIP URI. */
  readonly target: string;
  /** Hang up so long after the answer, s; undefined: never. */
  readonly durationS: number | undefined;
}

/** What became of a call. */
interface CallReport {
  readonly call: CallFact;
  readonly answered: boolean;
  readonly durationMs: number;
}

/** Follows one call of a line through the facts of all calls. */
function createFollower(onState: (call: CallFact) => void) {
  let latest: CallFact | undefined;
  const early: CallFact[] = [];
  let finish: () => void = () => {};
  const ended = new Promise<void>((resolve) => {
    finish = resolve;
  });
  function take(fact: CallFact): void {
    if (latest === undefined) return void early.push(fact);
    if (fact.id !== latest.id) return;
    const isNew = fact.state !== latest.state || fact.leg !== latest.leg;
    latest = fact;
    if (isNew) onState(fact);
    if (fact.state === 'ended') finish();
  }
  return {
    take,
    ended,
    latest: () => latest,
    /** Names the call to follow; what was heard of it before comes first. */
    follow(call: CallFact): void {
      const heard = early.splice(0).filter(({ id }) => id === call.id);
      latest = { ...call, state: '' };
      for (const fact of heard.length === 0 ? [call] : heard) take(fact);
    },
  };
}

function reportText({ line, target }: CallOrder, { call, answered, durationMs }: CallReport): string {
  const where = call.leg === undefined ? '' : ` on the ${call.leg}`;
  if (answered) return `${line}: call to ${target}${where} lasted ${spanText(durationMs)}; ended: ${call.reason ?? 'unknown'}.`;
  const status = call.status === undefined ? '' : ` ${call.status}`;
  return `${line}: call to ${target} failed${where}:${status} ${call.reason ?? ''}`.trimEnd();
}

async function conduct(
  client: ControlClient,
  order: CallOrder,
  output: Output,
  interrupted: AbortSignal,
): Promise<CallReport | undefined> {
  const ambient = systemAmbient();
  const { line, target, durationS } = order;
  let answeredAtMs = 0;
  let timer: Timer | undefined;
  const follower = createFollower((call) => {
    output.say(`${line}: call ${call.id} ${call.state}${call.leg === undefined ? '' : ` on the ${call.leg}`}`);
    if (call.state !== 'up' || answeredAtMs > 0) return;
    answeredAtMs = ambient.now();
    if (durationS !== undefined) timer = ambient.setTimer(hangup, durationS * 1000);
  });
  // A call that has ended by itself cannot be ended again, which is what was wanted.
  const hangup = (): void => {
    const call = follower.latest();
    if (call !== undefined) client.ask('hangup', { line, args: { call: call.id } }).catch(() => {});
  };
  interrupted.addEventListener('abort', hangup, { once: true });
  const key = lineKey(line);
  await client.subscribe((given) => {
    const fact = given as Fact;
    if (fact.kind === 'call' && fact.key === key) follower.take(fact.value as CallFact);
  });
  follower.follow((await client.ask('call', { line, args: { target } })) as CallFact);
  if (interrupted.aborted) hangup();
  await Promise.race([follower.ended, client.ended]);
  ambient.clearTimer(timer);
  const call = follower.latest();
  if (call?.state !== 'ended') return undefined;
  return { call, answered: answeredAtMs > 0, durationMs: answeredAtMs > 0 ? Math.round(ambient.now() - answeredAtMs) : 0 };
}

/**
 * Places a call from a line and stays until it ends: after its duration, by the other side, or by an interrupt. Exit 1 when it was
 * not answered. @throws PhoneError (rejects) `E_CONTROL_UNREACHABLE` when the runner ends before the call
 */
export async function call(connect: Connect, order: CallOrder, output: Output, interrupted: AbortSignal): Promise<ExitCode> {
  const client = await connect();
  try {
    const report = await conduct(client, order, output, interrupted);
    if (report === undefined)
      throw new PhoneError('E_CONTROL_UNREACHABLE', 'The runner has ended during the call; what became of it is not known.');
    output.result(report, () => reportText(order, report));
    if (interrupted.aborted) return exit.interrupted;
    return report.answered ? exit.done : exit.missed;
  } finally {
    client.close();
  }
}
