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

interface Chosen {
  readonly realm: Realm;
  readonly stale: boolean;
}

/** More than one registrar and the proxies in front of it ever have. */
const maxRealms = 8;

const noRealms: readonly Realm[] = [];

const isSameRealm = (a: Pick<Realm, 'header' | 'realm'>, b: Pick<Realm, 'header' | 'realm'>): boolean =>
  a.header === b.header && a.realm === b.realm;
const headerOf = (status: number): Authorization['header'] => (status === 401 ? 'Authorization' : 'Proxy-Authorization');

/** `auth` where it is offered; false when only something unknown is. */
function chooseQop(offered: string | undefined): Realm['qop'] | false {
  if (offered === undefined || offered.trim() === '') return undefined;
  const names = offered.toLowerCase().split(/[\s,]+/);
  return names.includes('auth') ? 'auth' : names.includes('auth-int') ? 'auth-int' : false;
}

/** Which realm an Authentication-Info comes from: it names none, but may repeat our cnonce. @source RFC 7616 section 3.5 */
function issuer(realms: readonly Realm[], info: DigestParams | undefined): Realm | undefined {
  return realms.find(({ cnonce }) => cnonce === info?.get('cnonce')) ?? (realms.length === 1 ? realms[0] : undefined);
}

/** A text of its own: a part of a message would keep the whole message in memory. */
const detached = (text: string): string => Buffer.from(text).toString();

/** A class, because a process holds one for each leg of its lines. The password is out of reach of whoever prints it. */
class LegCredentials implements Credentials {
  readonly #options: CredentialsOptions;
  /** Those heard of last at the end. */
  #realms: readonly Realm[] = noRealms;

  constructor(options: CredentialsOptions) {
    this.#options = options;
  }

  answer({ status, challenges, method, uri, body }: Challenged): readonly Authorization[] | Unanswerable {
    const header = headerOf(status);
    const chosen = this.choose(challenges, header);
    if (chosen.length === 0) {
      return {
        unanswerable:
          challenges.length === 0 ? 'the response carries no challenge' : 'no challenge names an algorithm and qop we know',
      };
    }
    const others = this.#realms.filter((realm) => !chosen.some((each) => isSameRealm(each.realm, realm)));
    // A server that names a new realm each time makes nothing grow.
    this.#realms = [...others, ...chosen.map(({ realm }) => realm)].slice(-maxRealms);
    const fresh = chosen.map(({ realm, stale }) => ({ header, value: this.write(realm, method, uri, body), stale }));
    // Who was satisfied before has to be satisfied again: 407, then 401, or two proxies in a row. A request has one server.
    const again = others.filter(
      (realm) => this.#realms.includes(realm) && (realm.header !== header || header === 'Proxy-Authorization'),
    );
    return [
      ...fresh,
      ...again.map((realm) => ({ header: realm.header, value: this.write(realm, method, uri, body), stale: false })),
    ];
  }

  preemptive(method: string, uri: string, body?: Uint8Array): readonly (readonly [name: string, value: string])[] {
    return this.#realms.map((realm) => [realm.header, this.write(realm, method, uri, body)] as const);
  }

  learn(response: Pick<SipResponse, 'headers'>): void {
    for (const [name, header] of [
      ['Authentication-Info', 'Authorization'],
      ['Proxy-Authentication-Info', 'Proxy-Authorization'],
    ] as const) {
      const [given] = response.headers(name);
      if (given === undefined) continue;
      const info = readDigest(`Digest ${given}`);
      const next = info?.get('nextnonce');
      const realm = issuer(
        this.#realms.filter((each) => each.header === header),
        info,
      );
      if (next === undefined || realm === undefined) continue;
      realm.nonce = detached(next);
      realm.count = 0;
    }
  }

  /** The topmost challenge of each realm that is supported. */
  private choose(challenges: readonly string[], header: Authorization['header']): readonly Chosen[] {
    const chosen: Chosen[] = [];
    for (const challenge of challenges.flatMap(readDigests)) {
      const name = challenge.get('realm') ?? '';
      if (chosen.length === maxRealms || chosen.some(({ realm }) => realm.realm === name)) continue;
      const realm = this.accept(challenge, header, name);
      if (realm !== undefined) chosen.push({ realm, stale: challenge.get('stale')?.toLowerCase() === 'true' });
    }
    return chosen;
  }

  private accept(challenge: DigestParams, header: Authorization['header'], realm: string): Realm | undefined {
    const algorithm = challenge.get('algorithm');
    const hash = digestHash(algorithm ?? 'MD5');
    const nonce = challenge.get('nonce');
    const opaque = challenge.get('opaque');
    const qop = chooseQop(challenge.get('qop'));
    if (hash === undefined || nonce === undefined || qop === false) return undefined;
    const { username, password, ambient } = this.#options;
    const kept = this.#realms.find((each) => isSameRealm(each, { header, realm }));
    const known = kept?.algorithm === algorithm ? kept : undefined;
    // A nonce that is handed out again is counted on: a count that starts anew is a replay (RFC 7616 section 3.4, nc).
    const again = known?.nonce === nonce ? known : undefined;
    return {
      header,
      realm: detached(realm),
      algorithm: algorithm === undefined ? undefined : detached(algorithm),
      hash,
      secret: known?.secret ?? hash.digest(`${username}:${realm}:${password}`),
      opaque: opaque === undefined ? undefined : detached(opaque),
      qop,
      cnonce: again?.cnonce ?? randomToken(ambient, 80),
      nonce: detached(nonce),
      count: again?.count ?? 0,
    };
  }

  private write(realm: Realm, method: string, uri: string, body: Uint8Array | undefined): string {
    realm.count += 1;
    const { hash, secret, nonce, cnonce } = realm;
    const qop = realm.qop === undefined ? undefined : { name: realm.qop, nc: formatNonceCount(realm.count) };
    const response = digestResponse({ hash, secret, nonce, method, uri, body, qop, cnonce });
    const user = quote(this.#options.username);
    let value = `Digest username=${user}, realm="${realm.realm}", nonce="${nonce}", uri="${uri}", response="${response}"`;
    if (realm.algorithm !== undefined) value += `, algorithm=${realm.algorithm}`;
    if (qop !== undefined || hash.isSession) value += `, cnonce="${cnonce}"`;
    if (qop !== undefined) value += `, qop=${qop.name}, nc=${qop.nc}`;
    if (realm.opaque !== undefined) value += `, opaque="${realm.opaque}"`;
    return value;
  }
}

/** @source RFC 7616, RFC 8760 section 2.4 (the topmost challenge that is supported) */
export const createCredentials = (options: CredentialsOptions): Credentials => new LegCredentials(options);
