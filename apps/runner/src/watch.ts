import type { CallFact, Runtime } from '@offhook/runtime';

/** Follows a runtime's facts, so that a story can wait for what it expects. */
export interface Watch {
  /** Latest state of a call. */
  call(id: string): CallFact | undefined;
  /** Resolves true once the condition holds, false after the time. Asked again at every fact. */
  until(condition: () => boolean, timeoutMs: number): Promise<boolean>;
  stop(): void;
}

export function watchRuntime(runtime: Runtime): Watch {
  const calls = new Map<string, CallFact>();
  const waiting = new Set<() => void>();
  const facts = runtime.onFact((fact) => {
    if (fact.kind === 'call') calls.set((fact.value as CallFact).id, fact.value as CallFact);
    for (const look of [...waiting]) look();
  });
  return {
    call: (id) => calls.get(id),
    until(condition, timeoutMs) {
      return new Promise((resolve) => {
        const finish = (met: boolean): void => {
          waiting.delete(look);
          runtime.ambient.clearTimer(timer);
          resolve(met);
        };
        const look = (): void => void (condition() && finish(true));
        const timer = runtime.ambient.setTimer(() => finish(condition()), timeoutMs);
        waiting.add(look);
        look();
      });
    },
    stop: () => facts.unsubscribe(),
  };
}
