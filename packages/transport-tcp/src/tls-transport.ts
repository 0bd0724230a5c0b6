import { createServer as createListener, isIP, type Server, type Socket, type TcpNetConnectOpts } from 'node:net';
import {
  type ConnectionOptions,
  connect,
  createSecureContext,
  createServer,
  type PeerCertificate,
  type SecureContext,
  type TLSSocket,
} from 'node:tls';
import { type Ambient, ConfigError, type OpenRequest, type Transport } from '@offhook/core';
import { tlsManifest } from './manifest.ts';
import type { DialTarget, Gate, StreamTransportOptions, StreamWiring } from './stream-options.ts';
import { StreamTransport } from './stream-transport.ts';
import { keepAliveMs } from './tcp-transport.ts';
import { misnamed, PeerRefused, readTlsFailure, type TlsTerms, untrusted } from './tls-failure.ts';
import { isCertificateOf } from './tls-identity.ts';
import { createTlsSessions, type TlsSession } from './tls-sessions.ts';

export interface TlsSettings {
  /** PEM of the authorities whose certificates are accepted, instead of those that Node.js trusts. */
  readonly ca?: readonly string[];
  /** PEM of our own certificate and those above it: shown to servers that ask for it, and to peers that connect. */
  readonly cert?: string;
  /** PEM of its key, without a passphrase. */
  readonly key?: string;
  /** Default TLSv1.2. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
}

export interface TlsTransportOptions extends StreamTransportOptions {
  readonly tls?: TlsSettings;
}

type Wanted = Pick<OpenRequest, 'remote'> & {
  readonly serverName?: string | undefined;
  readonly validateName?: boolean;
};

const serverOf = ({ serverName, remote }: Wanted): string => (serverName ?? remote.host).replace(/\.$/, '');
const identityOf = (wanted: Wanted): string => `${serverOf(wanted)} ${wanted.validateName ?? true}`;

function secureContext({ ca, cert, key, minVersion = 'TLSv1.2' }: TlsSettings): SecureContext {
  try {
    return createSecureContext({
      minVersion,
      ...(ca === undefined ? {} : { ca: [...ca] }),
      ...(cert === undefined || key === undefined ? {} : { cert, key }),
    });
  } catch (cause) {
    const { code = 'unreadable' } = cause as NodeJS.ErrnoException;
    const mismatch = code.includes('MISMATCH')
      ? 'the key does not belong to the certificate'
      : 'a certificate or key is unusable';
    throw new ConfigError('E_CONFIG_INVALID', `edge.tls: ${mismatch} (${code}). PEM is read, keys without a passphrase.`, {
      cause,
    });
  }
}

/**
 * OpenSSL judges the chain at a full handshake, and the session keeps its verdict; the name is judged here. Both every time.
 * @throws PeerRefused
 */
function judge(socket: TLSSocket, leaf: PeerCertificate, target: DialTarget, nowMs: number): void {
  const verdict = socket.authorized ? undefined : String(socket.authorizationError);
  if (verdict !== undefined) throw new PeerRefused(untrusted(verdict, socket.getPeerCertificate(true), nowMs));
  if (Date.parse(leaf.valid_to) <= nowMs) throw new PeerRefused(untrusted('CERT_HAS_EXPIRED', leaf, nowMs));
  const server = serverOf(target);
  if (target.validateName && !isCertificateOf(leaf, server)) throw new PeerRefused(misnamed(leaf, server));
}

function dialSecure(target: DialTarget, context: SecureContext, session: Buffer | undefined): TLSSocket {
  const { remote, localHost, localPort } = target;
  const server = serverOf(target);
  const options: ConnectionOptions & TcpNetConnectOpts = {
    host: remote.host,
    port: remote.port,
    ...(localHost === undefined ? {} : { localAddress: localHost }),
    ...(localPort === undefined ? {} : { localPort }),
    ...(isIP(server) > 0 ? {} : { servername: server }),
    ...(session === undefined ? {} : { session }),
    autoSelectFamily: false,
    secureContext: context,
    // Not the last word: `judge` reads the verdict before the socket is used, and can say whose certificate it was.
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
  };
  const socket = connect(options);
  socket.setNoDelay(true);
  socket.setKeepAlive(true, keepAliveMs);
  return socket;
}

/** A server that shakes hands after the gate has let a peer in. */
function serveSecure({ cert, key, minVersion }: TlsSettings, gate: Gate, ambient: Ambient): Server {
  const secure = createServer({ cert, key, minVersion }, (socket) => gate.ready(socket));
  secure.on('tlsClientError', ({ message }) => ambient.log.debug('TLS handshake failed', { detail: message }));
  return createListener({ noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs }, (socket) => {
    if (gate.knock(socket)) secure.emit('connection', socket);
  });
}

/** A socket of ours on its way. */
interface Dialled {
  readonly offered: TlsSession | undefined;
  /** Certificate of its server, once admitted. */
  leaf: PeerCertificate | undefined;
}

function tlsWiring(settings: TlsSettings, ambient: Ambient): StreamWiring {
  const { cert, minVersion = 'TLSv1.2' } = settings;
  const context = secureContext(settings);
  const sessions = createTlsSessions(ambient);
  const terms: TlsTerms = { minVersion, hasCertificate: cert !== undefined };
  const dialled = new WeakMap<Socket, Dialled>();
  const sessionOf = (target: DialTarget): string => `${target.remote.host} ${target.remote.port} ${identityOf(target)}`;

  return {
    manifest: tlsManifest,
    readyEvent: 'secureConnect',
    identity: identityOf,
    readFailure: (error) => readTlsFailure(error, terms),
    overdue: (socket) => (socket.connecting ? 'no answer' : 'connected, but the TLS handshake did not end'),
    dial(target) {
      const server = sessionOf(target);
      const progress: Dialled = { offered: sessions.get(server), leaf: undefined };
      const socket = dialSecure(target, context, progress.offered?.session);
      dialled.set(socket, progress);
      // From the beginning: sessions are told only to who listens when they come, but they come after `admit`.
      socket.on('session', (session) => {
        const { leaf, offered } = progress;
        if (leaf !== undefined) sessions.keep(server, session, leaf, socket.isSessionReused() ? offered : undefined);
      });
      const suspect = (): void => sessions.forget(server);
      socket.once('error', suspect).once('secureConnect', () => socket.off('error', suspect));
      return socket;
    },
    admit(socket, target) {
      const secured = socket as TLSSocket;
      const progress = dialled.get(socket);
      const resumed = secured.isSessionReused() ? progress?.offered?.leaf : undefined;
      const leaf = resumed ?? secured.getPeerCertificate();
      try {
        judge(secured, leaf, target, ambient.now());
      } catch (error) {
        sessions.forget(sessionOf(target));
        throw error;
      }
      if (progress !== undefined) progress.leaf = leaf;
    },
    serve: (gate) => serveSecure({ ...settings, minVersion }, gate, ambient),
  };
}

/**
 * SIP over TLS: connections and framing as over TCP. Servers must show a chain that leads to a trusted authority, and the name
 * or address they were asked for unless `validateName` is false. Listens only with a certificate; without one it opens
 * connections and hears what comes in on them.
 * @throws ConfigError `E_CONFIG_INVALID` when certificate or key are unusable, or missing for `listen`
 * @throws TransportError as `createTcpTransport`; `open` rejects with `E_TRANSPORT_REJECTED` when a check of the server fails
 * @source RFC 3261 section 26.3, RFC 5922
 */
export function createTlsTransport({ tls = {}, ...options }: TlsTransportOptions, ambient: Ambient): Transport {
  if (options.listen !== undefined && (tls.cert === undefined || tls.key === undefined))
    throw new ConfigError('E_CONFIG_INVALID', 'TLS cannot listen without a certificate: set edge.tls.cert and edge.tls.key.');
  return new StreamTransport(tlsWiring(tls, ambient), options, ambient);
}
