import type { PeerCertificate } from 'node:tls';
import { errnoOf, readFailure } from './errno.ts';
import type { StreamFailure } from './stream-options.ts';
import { namesIn } from './tls-identity.ts';

/** Our own check of a server failed. The message is for the administrator. */
export class PeerRefused extends Error {}

/** What our side brought to a handshake, as far as it explains a failure. */
export interface TlsTerms {
  readonly minVersion: string;
  /** We can show a certificate when asked for one. */
  readonly hasCertificate: boolean;
}

const codesOf = (...names: readonly string[]): ReadonlySet<string> => new Set(names.map((name) => `ERR_SSL_${name}`));
const otherVersion = codesOf('TLSV1_ALERT_PROTOCOL_VERSION', 'UNSUPPORTED_PROTOCOL', 'VERSION_TOO_LOW', 'NO_PROTOCOLS_AVAILABLE');
const noTls = codesOf('WRONG_VERSION_NUMBER', 'PACKET_LENGTH_TOO_LONG', 'HTTP_REQUEST', 'UNKNOWN_PROTOCOL');
const wantsCertificate = codesOf('TLSV13_ALERT_CERTIFICATE_REQUIRED');
const noAgreement = codesOf('SSLV3_ALERT_HANDSHAKE_FAILURE', 'TLSV1_ALERT_INSUFFICIENT_SECURITY');
const unknownName = codesOf('TLSV1_UNRECOGNIZED_NAME', 'TLSV1_ALERT_UNRECOGNIZED_NAME');
/** Alerts about a certificate of ours: unknown CA, bad, expired, revoked, unsupported, unknown, access denied. */
const refusedCertificate =
  /^ERR_SSL_(TLSV1|SSLV3)_ALERT_(UNKNOWN_CA|ACCESS_DENIED|(BAD_|NO_)?CERTIFICATE\w*|UNSUPPORTED_CERTIFICATE)$/;
const certificateKeys = 'edge.tls.cert and edge.tls.key';

function handshakeWords(code: string, { minVersion, hasCertificate }: TlsTerms): string | undefined {
  if (otherVersion.has(code))
    return `no TLS version in common: here at least ${minVersion}; correct the server or edge.tls.minVersion`;
  if (noTls.has(code)) return 'what answers there does not speak TLS; check the port (5061 is usual) and SIP Transport';
  if (wantsCertificate.has(code)) return `the server demands a client certificate; give it one in ${certificateKeys}`;
  if (noAgreement.has(code))
    return hasCertificate
      ? 'the server broke the handshake off: no cipher in common, or it does not accept our certificate'
      : `the server broke the handshake off: no cipher in common, or it demands a client certificate (${certificateKeys})`;
  if (unknownName.has(code)) return 'the server has no certificate for the name it was asked for; check the name of the proxy';
  if (refusedCertificate.test(code))
    return hasCertificate
      ? `the server does not accept our certificate; check ${certificateKeys}, and whether the server knows its issuer`
      : 'the server does not accept us without a certificate it knows';
  return undefined;
}

/** What an error of a TLS socket says of its connection. */
export function readTlsFailure(error: unknown, terms: TlsTerms): StreamFailure {
  if (error instanceof PeerRefused) return { reason: 'rejected', detail: error.message };
  const code = errnoOf(error);
  const { message } = error as Error;
  if (code === 'ECONNRESET' && message.includes('before secure TLS connection'))
    return { reason: 'closed', detail: 'the peer closed the connection during the TLS handshake' };
  if (!code.startsWith('ERR_SSL_') && !code.startsWith('ERR_TLS_') && code !== 'EPROTO') return readFailure(error);
  const words = handshakeWords(code, terms) ?? 'the TLS protocol was broken';
  return { reason: 'rejected', detail: `${words} (${code})` };
}

/** A certificate and those above it, as far as the server sent them. */
function chainOf(leaf: PeerCertificate): readonly PeerCertificate[] {
  const chain: PeerCertificate[] = [];
  let next: PeerCertificate | undefined = leaf;
  while (next !== undefined && !chain.includes(next)) {
    chain.push(next);
    next = (next as { issuerCertificate?: PeerCertificate }).issuerCertificate;
  }
  return chain;
}

type DistinguishedName = Readonly<Record<string, string | readonly string[] | undefined>> | undefined;

const nameOf = (name: DistinguishedName): string => [name?.CN ?? name?.O ?? 'somebody unnamed'].flat().join(', ');
const quoted = (text: string): string => `"${[...text].map((char) => (char < ' ' || char === '\x7f' ? '?' : char)).join('')}"`;
const listed = (names: readonly string[]): string => {
  const shown = names.slice(0, 5).map(quoted).join(', ');
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown || 'no name at all';
};

/** Why a chain of certificates is not accepted, from OpenSSL's verdict. */
export function untrusted(verdict: string, leaf: PeerCertificate, nowMs: number): string {
  const chain = chainOf(leaf);
  const issuer = quoted(nameOf(leaf.issuer as unknown as DistinguishedName));
  const root = quoted(nameOf(chain.at(-1)?.subject as unknown as DistinguishedName));
  const past = chain.find(({ valid_to }) => Date.parse(valid_to) <= nowMs) ?? leaf;
  const future = chain.find(({ valid_from }) => Date.parse(valid_from) > nowMs) ?? leaf;
  const missingIssuer = 'add that to edge.tls.ca, or let the server send its intermediate certificates';
  const words: Readonly<Record<string, string>> = {
    CERT_HAS_EXPIRED: `the server's certificate expired on ${past.valid_to}; renew it there, or correct the clock here`,
    CERT_NOT_YET_VALID: `the server's certificate is valid from ${future.valid_from} only; correct the clock here or there`,
    DEPTH_ZERO_SELF_SIGNED_CERT:
      "the server's certificate is signed by nobody but itself; add it to edge.tls.ca if it is the right one",
    SELF_SIGNED_CERT_IN_CHAIN: `the server's certificate leads to ${root}, which is not trusted here; add that to edge.tls.ca`,
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: `the server's certificate is issued by ${issuer}, which is not trusted here; ${missingIssuer}`,
    INVALID_PURPOSE: "the server's certificate is not made for servers (extended key usage)",
    CERT_REVOKED: "the server's certificate is revoked; renew it there",
  };
  const same = verdict.startsWith('UNABLE_TO_GET_ISSUER_CERT') ? 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' : verdict;
  return `${words[same] ?? "the server's certificate cannot be verified"} (${verdict})`;
}

/** Why a certificate is not that of the server it was asked for. */
export function misnamed(leaf: PeerCertificate, server: string): string {
  const names = namesIn(leaf);
  const wildcard = names.some((name) => name.includes('*')) ? ' SIP allows no wildcards (RFC 5922).' : '';
  const remedy = 'Correct the certificate or the name of the proxy, or set TLS Name Validate to No';
  return `the server's certificate is for ${listed(names)}, not for ${quoted(server)}.${wildcard} ${remedy}`;
}
