import type { ServerTransaction } from '@offhook/sip';

/** One call as facts and status show it. */
export interface CallFact {
  readonly id: string;
  readonly direction: 'outgoing' | 'incoming';
  readonly state: string;
  readonly leg: string;
}

export interface LineCalls {
  dial(target: string): Promise<CallFact>;
  hangup(call: string | undefined): Promise<CallFact>;
  answer(call: string | undefined): Promise<CallFact>;
  list(): readonly CallFact[];
  inDialog(server: ServerTransaction): boolean;
  incoming(server: ServerTransaction): void;
  endAll(): void;
  dispose(): void;
}

export function createLineCalls(_options: unknown): LineCalls {
  const none = (): Promise<CallFact> => Promise.reject(new Error('not yet'));
  return { dial: none, hangup: none, answer: none, list: () => [], inDialog: () => false, incoming: (s) => s.respond({ status: 486 }), endAll() {}, dispose() {} };
}
