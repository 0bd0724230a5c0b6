import type { PeerCertificate } from 'node:tls';
import type { Ambient } from '@offhook/core';

/** A resumed session shows no certificate: the one it began with stands beside it. */
export interface TlsSession {
  readonly session: Buffer;
  readonly leaf: PeerCertificate;
  /** When the server must show its certificate again, however often the session was resumed until then. */
  readonly untilMs: number;
}

/** Sessions that servers gave us, so that the next connection to one needs no full handshake. */
export interface TlsSessions {
  get(server: string): TlsSession | undefined;
  /** `origin`: the session that this one goes on from. */
  keep(server: string, session: Buffer, leaf: PeerCertificate, origin?: TlsSession): void;
  forget(server: string): void;
}

const maxAgeMs = 3_600_000;
const maxServers = 256;

export function createTlsSessions(ambient: Pick<Ambient, 'now'>): TlsSessions {
  /** Oldest first. */
  const sessions = new Map<string, TlsSession>();
  return {
    get(server) {
      const known = sessions.get(server);
      return known !== undefined && known.untilMs > ambient.now() ? known : undefined;
    },
    keep(server, session, leaf, origin) {
      sessions.delete(server);
      sessions.set(server, { session, leaf, untilMs: origin?.untilMs ?? ambient.now() + maxAgeMs });
      const [oldest] = sessions.keys();
      if (sessions.size > maxServers && oldest !== undefined) sessions.delete(oldest);
    },
    forget: (server) => void sessions.delete(server),
  };
}
