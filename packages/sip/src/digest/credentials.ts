import type { Ambient } from '@offhook/core';
import type { SipResponse } from '../codec/message.ts';

export interface CredentialsOptions {
  readonly username: string;
  readonly password: string;
  readonly ambient: Pick<Ambient, 'random'>;
}
export interface Challenged {
  readonly status: number;
  /** WWW-Authenticate values of a 401, Proxy-Authenticate values of a 407. */
  readonly challenges: readonly string[];
  readonly method: string;
  readonly uri: string;
  readonly body?: Uint8Array | undefined;
}
export interface Authorization {
  readonly header: 'Authorization' | 'Proxy-Authorization';
  readonly value: string;
  /** The server only asked for a fresh nonce: not a wrong password. */
  readonly stale: boolean;
}
export interface Unanswerable {
  readonly unanswerable: string;
}
export interface Credentials {
  answer(challenged: Challenged): readonly Authorization[] | Unanswerable;
  preemptive(method: string, uri: string, body?: Uint8Array): readonly (readonly [name: string, value: string])[];
  learn(response: Pick<SipResponse, 'headers'>): void;
}
export function createCredentials(_options: CredentialsOptions): Credentials {
  throw new Error('stub');
}
