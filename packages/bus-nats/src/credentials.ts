import { BusError } from '@offhook/core';
import { credsAuthenticator, type NodeConnectionOptions, nkeyAuthenticator } from 'nats';
import type { ServerList } from './servers.ts';

/** Who we are to the servers. One of them at most; each wins over credentials in the addresses. */
export interface Credentials {
  readonly user?: string;
  readonly password?: string;
  readonly token?: string;
  /** Text of a `.creds` file: the JWT of a user and its seed. */
  readonly creds?: string;
  /** Seed of an nkey of a user: `SU…`. */
  readonly nkey?: string;
}

type Authentication = Pick<NodeConnectionOptions, 'user' | 'pass' | 'token' | 'authenticator'>;
type Authenticator = ReturnType<typeof nkeyAuthenticator>;

/** What cannot sign is refused here: later it would end the connection without a word. */
function proven(make: (bytes: Uint8Array) => Authenticator, text: string, what: string, remedy: string): Authentication {
  try {
    const authenticator = make(new TextEncoder().encode(text));
    authenticator('nonce');
    return { authenticator };
  } catch {
    // The cause may repeat the secret.
    throw new BusError('E_BUS_CONNECT', `${what}; ${remedy}`);
  }
}

/** @throws BusError `E_BUS_CONNECT` where creds or nkey are none, or several are given; nothing of them is repeated */
export function authentication(given: Credentials, servers: ServerList): Authentication {
  const kinds = (['creds', 'nkey', 'token', 'user'] as const).filter((kind) => given[kind] !== undefined);
  if (kinds.length > 1)
    throw new BusError('E_BUS_CONNECT', `credentials of ${kinds.length} kinds: ${kinds.join(', ')}; expected one of them`);
  if (given.creds !== undefined)
    return proven(
      credsAuthenticator,
      // Its last line is read only with its end.
      `${given.creds.trim()}\n`,
      'the creds hold no JWT and seed of a user',
      'give the whole .creds file as nsc writes it',
    );
  if (given.nkey !== undefined)
    return proven(
      nkeyAuthenticator,
      given.nkey.trim(),
      'the nkey is not the seed of a user',
      'give the line that begins with SU',
    );
  const { user, password, token } = kinds.length === 0 ? servers : given;
  if (token !== undefined) return { token };
  return user === undefined ? {} : { user, pass: password ?? '' };
}
