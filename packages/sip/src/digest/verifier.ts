import type { Ambient } from '@offhook/core';
export type DigestAlgorithm = 'MD5' | 'MD5-sess' | 'SHA-256' | 'SHA-256-sess' | 'SHA-512-256' | 'SHA-512-256-sess';
export interface DigestVerifierOptions {
  readonly realm: string;
  /** In the order they are offered. */
  readonly algorithms: readonly DigestAlgorithm[];
  /** Empty: no qop is offered (RFC 2069). */
  readonly qop: readonly ('auth' | 'auth-int')[];
  readonly nonceLifetimeMs: number;
  readonly ambient: Pick<Ambient, 'random' | 'now'>;
}
export type Verdict = 'ok' | 'stale' | 'wrong' | 'missing';
export interface DigestVerifier {
  /** One WWW-Authenticate (or Proxy-Authenticate) value per algorithm. */
  challenge(stale?: boolean): string[];
  verify(headerValue: string | undefined, method: string, uri: string, body: Uint8Array, password: string): Verdict;
}
export function createDigestVerifier(_options: DigestVerifierOptions): DigestVerifier {
  throw new Error('stub');
}
