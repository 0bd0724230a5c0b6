import { type Ambient, randomToken } from '@offhook/core';
import { unescapeQuoted } from '../codec/text.ts';
import { readDigest } from './digest-header.ts';
import { type DigestAlgorithm, digestHash, digestResponse } from './hash.ts';

export interface DigestVerifierOptions {
  readonly realm: string;
  /** In the order they are offered. */
  readonly algorithms: readonly DigestAlgorithm[];
  /** Empty: no qop is offered (RFC 2069). */
  readonly qop: readonly ('auth' | 'auth-int')[];
  readonly nonceLifetimeMs: number;
  readonly ambient: Pick<Ambient, 'random' | 'now'>;
}

/** `stale`: right or not, the nonce is no longer good. */
export type Verdict = 'ok' | 'stale' | 'wrong' | 'missing';

/** The server's side of digest: what a scripted registrar checks. */
export interface DigestVerifier {
  /** One WWW-Authenticate (or Proxy-Authenticate) value per algorithm. */
  challenge(stale?: boolean): string[];
  verify(headerValue: string | undefined, method: string, uri: string, body: Uint8Array, password: string): Verdict;
}

interface Issued {
  readonly atMs: number;
  lastCount: number;
}

/** @source RFC 7616 sections 3.3 and 3.4 */
export function createDigestVerifier(options: DigestVerifierOptions): DigestVerifier {
  const { realm, algorithms, qop, nonceLifetimeMs, ambient } = options;
  const issued = new Map<string, Issued>();

  function issue(): string {
    const nowMs = ambient.now();
    for (const [nonce, { atMs }] of issued) {
      if (nowMs - atMs <= nonceLifetimeMs) break; // in the order of issue
      issued.delete(nonce);
    }
    const nonce = randomToken(ambient, 120);
    issued.set(nonce, { atMs: nowMs, lastCount: 0 });
    return nonce;
  }

  return {
    challenge(stale = false) {
      const nonce = issue();
      const offered = qop.length === 0 ? '' : `, qop="${qop.join(',')}"`;
      return algorithms.map(
        (name) => `Digest realm="${realm}", nonce="${nonce}"${offered}, algorithm=${name}${stale ? ', stale=true' : ''}`,
      );
    },
    verify(headerValue, method, _uri, body, password) {
      const given = headerValue === undefined ? undefined : readDigest(headerValue);
      if (given === undefined) return 'missing';
      const algorithm = given.get('algorithm') ?? 'MD5';
      const hash = digestHash(algorithm);
      const nonce = given.get('nonce') ?? '';
      const known = issued.get(nonce);
      if (hash === undefined || !algorithms.some((name) => name.toLowerCase() === algorithm.toLowerCase())) return 'wrong';
      if (known === undefined || ambient.now() - known.atMs > nonceLifetimeMs) return 'stale';
      const named = given.get('qop');
      const nc = given.get('nc') ?? '';
      const expected = digestResponse({
        hash,
        secret: hash.digest(`${unescapeQuoted(given.get('username') ?? '')}:${realm}:${password}`),
        nonce,
        method,
        uri: given.get('uri') ?? '',
        body,
        qop: named === 'auth' || named === 'auth-int' ? { name: named, nc } : undefined,
        cnonce: given.get('cnonce') ?? '',
      });
      if (expected !== given.get('response')?.toLowerCase()) return 'wrong';
      if (named === undefined) return 'ok';
      const count = Number.parseInt(nc, 16);
      if (!(count > known.lastCount)) return 'stale';
      known.lastCount = count;
      return 'ok';
    },
  };
}
