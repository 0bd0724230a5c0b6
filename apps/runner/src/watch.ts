import { lineKey } from '@offhook/core';
import type { CallFact, Runtime } from '@offhook/runtime';

/** Follows a runtime's facts, so that a story can wait for what it expects. */
export interface Watch {
  /** Latest state of a call of a line. */
  call(line: string, id: string): CallFact | undefined;
  /** Resolves true once the condition holds, false after the time or an interrupt. Asked again at every fact. */
  until(condition: () => boolean, timeoutMs: number): Promise<boolean>;
  stop(): void;
}

export function watchRuntime(runtime: Runtime, interrupted: AbortSignal = new AbortController().signal): Watch {
  const calls = new Map<string, CallFact>();
  const waiting = new Set<() => void>();
  const facts = runtime.onFact((fact) => {
    // A call's id is its line's own numbering.
    if (fact.kind === 'call') calls.set(`${fact.key} ${(fact.value as CallFact).id}`, fact.value as CallFact);
    for (const look of [...waiting]) look();
  });
  return {
    call: (line, id) => calls.get(`${lineKey(line)} ${id}`),
    until(condition, timeoutMs) {
      return new Promise((resolve) => {
        const finish = (met: boolean): void => {
          waiting.delete(look);
          interrupted.removeEventListener('abort', giveUp);
          runtime.ambient.clearTimer(timer);
          resolve(met);
        };
        const look = (): void => void (condition() && finish(true));
        const giveUp = (): void => finish(condition());
        const timer = runtime.ambient.setTimer(giveUp, timeoutMs);
        waiting.add(look);
        interrupted.addEventListener('abort', giveUp);
        if (interrupted.aborted) giveUp();
        else look();
      });
    },
    stop: () => facts.unsubscribe(),
  };
}
