import * as nodeCrypto from 'node:crypto';

/** Algorithms a challenge may name. @source RFC 7616 section 3.3, RFC 8760 section 2.1 */
export type DigestAlgorithm = 'MD5' | 'MD5-sess' | 'SHA-256' | 'SHA-256-sess' | 'SHA-512-256' | 'SHA-512-256-sess';

/** How an algorithm is computed; undefined for one we do not know. */
export interface DigestHash {
  readonly isSession: boolean;
  /** Lowercase hexadecimal. */
  digest(data: string | Uint8Array): string;
  /** The same for a text that comes again and again, and is no secret. */
  digestAgain(text: string): string;
}

// Since Node 20.12; two to three times as fast as a hash object.
const oneShot = (nodeCrypto as { hash?: (name: string, data: string | Uint8Array, encoding: 'hex') => string }).hash;
const slow = (name: string, data: string | Uint8Array): string => nodeCrypto.createHash(name).update(data).digest('hex');

/** Remembered texts; whoever makes up ever new ones makes nothing grow. */
const mostRemembered = 256;

function hashNamed(name: string, isSession: boolean): DigestHash {
  const digest = (data: string | Uint8Array): string => (oneShot === undefined ? slow(name, data) : oneShot(name, data, 'hex'));
  const remembered = new Map<string, string>();
  return {
    isSession,
    digest,
    digestAgain(text) {
      const known = remembered.get(text);
      if (known !== undefined) return known;
      if (remembered.size === mostRemembered) remembered.clear();
      const made = digest(text);
      remembered.set(text, made);
      return made;
    },
  };
}

/** A map, not a record: the name asked for comes from the network, and `constructor` is no algorithm. */
const hashes: ReadonlyMap<string, DigestHash> = new Map([
  ['md5', hashNamed('md5', false)],
  ['md5-sess', hashNamed('md5', true)],
  ['sha-256', hashNamed('sha256', false)],
  ['sha-256-sess', hashNamed('sha256', true)],
  ['sha-512-256', hashNamed('sha512-256', false)],
  ['sha-512-256-sess', hashNamed('sha512-256', true)],
]);

export const digestHash = (algorithm: string): DigestHash | undefined => hashes.get(algorithm.toLowerCase());

/** What a response is computed from. */
export interface DigestInput {
  readonly hash: DigestHash;
  /** H(user:realm:password). */
  readonly secret: string;
  readonly nonce: string;
  readonly method: string;
  readonly uri: string;
  readonly body: Uint8Array | undefined;
  /** Absent: the form without quality of protection. */
  readonly qop?: { readonly name: 'auth' | 'auth-int'; readonly nc: string } | undefined;
  readonly cnonce: string;
}

/** @source RFC 7616 section 3.4.1 */
export function digestResponse({ hash, secret, nonce, method, uri, body, qop, cnonce }: DigestInput): string {
  const a1 = hash.isSession ? hash.digest(`${secret}:${nonce}:${cnonce}`) : secret;
  const asked = `${method}:${uri}`;
  const a2 =
    qop?.name === 'auth-int' ? hash.digest(`${asked}:${hash.digest(body ?? new Uint8Array(0))}`) : hash.digestAgain(asked);
  return hash.digest(qop === undefined ? `${a1}:${nonce}:${a2}` : `${a1}:${nonce}:${qop.nc}:${cnonce}:${qop.name}:${a2}`);
}

/** Nonce count as it is written: eight hexadecimal digits. */
export const formatNonceCount = (count: number): string => count.toString(16).padStart(8, '0');
