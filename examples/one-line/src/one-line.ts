import { parseRuntimeConfig } from '@offhook/core';
import { type CallFact, createRuntime, describeDecision, type Runtime } from '@offhook/runtime';

export interface Account {
  /** host:port of the registrar. */
  readonly proxy: string;
  readonly alternateProxy?: string;
  readonly userId: string;
  readonly password: string;
  /** Prints one line of text. */
  print(text: string): void;
}

/** One line in this process: no server, no bus, no files. Stop it with `runtime.stop()`. */
export async function startLine({ proxy, alternateProxy, userId, password, print }: Account): Promise<Runtime> {
  const dual = alternateProxy === undefined ? {} : { dualRegistration: true, alternateProxy };
  const config = parseRuntimeConfig({
    edge: { listen: [{ protocol: 'udp', host: '127.0.0.1', port: 0 }] },
    lines: [{ userId, password, proxy, ...dual }],
  });
  const runtime = await createRuntime({ config });
  runtime.onDecision((decision) => print(`${decision.line} ${describeDecision(decision)}`));
  return runtime;
}

/** Resolves once every leg of every line is registered. */
export function registered(runtime: Runtime): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (!runtime.lines().every(({ legs }) => legs.length > 0 && legs.every(({ usable }) => usable))) return;
      facts.unsubscribe();
      resolve();
    };
    const facts = runtime.onFact(look);
    look();
  });
}

/** Places a call and resolves once it is up or over. */
export function call(runtime: Runtime, line: string, target: string): Promise<CallFact> {
  return new Promise((resolve, reject) => {
    const facts = runtime.onFact(({ kind, value }) => {
      const fact = value as CallFact;
      if (kind !== 'call' || (fact.state !== 'up' && fact.state !== 'ended')) return;
      facts.unsubscribe();
      resolve(fact);
    });
    runtime.command(line, 'call', { target }).catch(reject);
  });
}
