import { type Ambient, randomToken } from '@offhook/core';
import type { SipResponse } from '../codec/message.ts';
import { quote } from '../codec/text.ts';
import { type DigestParams, readDigest, readDigests } from './digest-header.ts';
import { type DigestHash, digestHash, digestResponse, formatNonceCount } from './hash.ts';

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

/** Digest credentials of one leg: a nonce is only known to its issuer (D-44). */
export interface Credentials {
  /** Credentials for every realm that challenges, or why there are none. The password never shows. */
  answer(challenged: Challenged): readonly Authorization[] | Unanswerable;
  /** Fields for a request that has not been challenged yet: one for each realm whose nonce is known, so that a refresh is one transaction. */
  preemptive(method: string, uri: string, body?: Uint8Array): readonly (readonly [name: string, value: string])[];
  /** Takes the next nonce of an answered request. @source RFC 7616 section 3.5 */
  learn(response: Pick<SipResponse, 'headers'>): void;
}

/** What is known of one realm of one server. */
interface Realm {
  readonly header: Authorization['header'];
  /** As between the quotes of the challenge. */
  readonly realm: string;
  /** As the challenge wrote it; undefined when it named none. */
  readonly algorithm: string | undefined;
  readonly hash: DigestHash;
  readonly secret: string;
  readonly opaque: string | undefined;
  readonly qop: 'auth' | 'auth-int' | undefined;
  readonly cnonce: string;
  nonce: string;
  count: number;
}

const headerOf = (status: number): Authorization['header'] => (status === 401 ? 'Authorization' : 'Proxy-Authorization');

/** `auth` where it is offered; false when only something unknown is. */
function chooseQop(offered: string | undefined): Realm['qop'] | false {
  if (offered === undefined || offered.trim() === '') return undefined;
  const names = offered.toLowerCase().split(/[\s,]+/);
  return names.includes('auth') ? 'auth' : names.includes('auth-int') ? 'auth-int' : false;
}

/** @source RFC 7616, RFC 8760 section 2.4 (the topmost challenge that is supported) */
export function createCredentials({ username, password, ambient }: CredentialsOptions): Credentials {
  const realms = new Map<string, Realm>();

  function accept(challenge: DigestParams, header: Authorization['header']): Realm | undefined {
    const algorithm = challenge.get('algorithm');
    const hash = digestHash(algorithm ?? 'MD5');
    const nonce = challenge.get('nonce');
    const qop = chooseQop(challenge.get('qop'));
    if (hash === undefined || nonce === undefined || qop === false) return undefined;
    const realm = challenge.get('realm') ?? '';
    const known = realms.get(`${header} ${realm}`);
    const secret = known?.algorithm === algorithm ? known?.secret : undefined;
    return {
      header,
      realm,
      algorithm,
      hash,
      secret: secret ?? hash.digest(`${username}:${realm}:${password}`),
      opaque: challenge.get('opaque'),
      qop,
      cnonce: randomToken(ambient, 80),
      nonce,
      count: 0,
    };
  }

  function write(realm: Realm, method: string, uri: string, body: Uint8Array | undefined): string {
    realm.count += 1;
    const { hash, secret, nonce, cnonce } = realm;
    const qop = realm.qop === undefined ? undefined : { name: realm.qop, nc: formatNonceCount(realm.count) };
    const response = digestResponse({ hash, secret, nonce, method, uri, body, qop, cnonce });
    return [
      `Digest username=${quote(username)}`,
      `realm="${realm.realm}"`,
      `nonce="${nonce}"`,
      `uri="${uri}"`,
      `response="${response}"`,
      ...(realm.algorithm === undefined ? [] : [`algorithm=${realm.algorithm}`]),
      ...(qop === undefined && !hash.isSession ? [] : [`cnonce="${cnonce}"`]),
      ...(qop === undefined ? [] : [`qop=${qop.name}`, `nc=${qop.nc}`]),
      ...(realm.opaque === undefined ? [] : [`opaque="${realm.opaque}"`]),
    ].join(', ');
  }

  return {
    answer({ status, challenges, method, uri, body }) {
      const header = headerOf(status);
      const chosen = new Map<string, { readonly realm: Realm; readonly stale: boolean }>();
      for (const challenge of challenges.flatMap(readDigests)) {
        const name = `${header} ${challenge.get('realm') ?? ''}`;
        const realm = chosen.has(name) ? undefined : accept(challenge, header);
        if (realm !== undefined) chosen.set(name, { realm, stale: challenge.get('stale')?.toLowerCase() === 'true' });
      }
      if (chosen.size === 0) {
        return {
          unanswerable:
            challenges.length === 0 ? 'the response carries no challenge' : 'no challenge names an algorithm and qop we know',
        };
      }
      for (const [name, { realm }] of chosen) realms.set(name, realm);
      const fresh = [...chosen.values()].map(({ realm, stale }) => ({ header, value: write(realm, method, uri, body), stale }));
      // A proxy that was satisfied before has to be satisfied again: 407, then 401.
      const others = [...realms].filter(([name, realm]) => !chosen.has(name) && realm.header !== header);
      return [
        ...fresh,
        ...others.map(([, realm]) => ({ header: realm.header, value: write(realm, method, uri, body), stale: false })),
      ];
    },
    preemptive: (method, uri, body) =>
      [...realms.values()].map((realm) => [realm.header, write(realm, method, uri, body)] as const),
    learn(response) {
      for (const [name, header] of [
        ['Authentication-Info', 'Authorization'],
        ['Proxy-Authentication-Info', 'Proxy-Authorization'],
      ] as const) {
        const next = response.headers(name).flatMap((value) => readDigest(`Digest ${value}`)?.get('nextnonce') ?? [])[0];
        const realm = [...realms.values()].find((each) => each.header === header);
        if (next === undefined || realm === undefined) continue;
        realm.nonce = next;
        realm.count = 0;
      }
    },
  };
}
