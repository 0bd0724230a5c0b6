import type { Ambient } from '@offhook/core';
import {
  createDigestVerifier,
  type DigestAlgorithm,
  type DigestVerifier,
  type HeaderFields,
  readDigest,
  type SipRequest,
  type Verdict,
} from '@offhook/sip';

export interface GatekeeperOptions {
  readonly ambient: Ambient;
  readonly realm: string;
  /** Secret of a digest user; undefined for a stranger. */
  readonly password: (user: string) => string | undefined;
  readonly algorithms: readonly DigestAlgorithm[];
  readonly qop: readonly ('auth' | 'auth-int')[];
  readonly nonceLifetimeMs: number;
}

/** Which pair of headers a challenge uses. */
export type ChallengeSide = 'registrar' | 'proxy';

/** Challenges and checks. @source RFC 3261 section 22, RFC 8760 */
export interface Gatekeeper {
  check(request: SipRequest, side: ChallengeSide): Verdict;
  /** Status and headers of a challenge after this verdict. */
  challenge(side: ChallengeSide, after: Verdict): { readonly status: number; readonly headers: HeaderFields };
  /** Header that names the nonce to use next. @source RFC 7616 section 3.5 */
  nextNonce(): HeaderFields;
  /** Every nonce handed out so far is stale from now on. */
  staleNonces(): void;
}

const names = {
  registrar: { status: 401, challenge: 'WWW-Authenticate', credentials: 'Authorization' },
  proxy: { status: 407, challenge: 'Proxy-Authenticate', credentials: 'Proxy-Authorization' },
} as const;

export function createGatekeeper({ password, ...options }: GatekeeperOptions): Gatekeeper {
  const fresh = (): DigestVerifier => createDigestVerifier(options);
  let verifier = fresh();
  let former: DigestVerifier | undefined;

  return {
    check(request, side) {
      const values = request.headers(names[side].credentials);
      const value = values.find((each) => readDigest(each)?.get('realm') === options.realm) ?? values[0];
      if (value === undefined) return 'missing';
      const secret = password(readDigest(value)?.get('username') ?? '');
      if (secret === undefined) return 'wrong';
      const ask = (each: DigestVerifier): Verdict => each.verify(value, request.method, request.uri, request.body, secret);
      const verdict = ask(verifier);
      return verdict !== 'ok' && former !== undefined && ask(former) === 'ok' ? 'stale' : verdict;
    },
    challenge(side, after) {
      const { status, challenge } = names[side];
      return { status, headers: verifier.challenge(after === 'stale').map((value) => [challenge, value] as const) };
    },
    nextNonce() {
      const nonce = readDigest(verifier.challenge()[0] ?? '')?.get('nonce');
      return nonce === undefined ? [] : [['Authentication-Info', `nextnonce="${nonce}"`]];
    },
    staleNonces() {
      former = verifier;
      verifier = fresh();
    },
  };
}
