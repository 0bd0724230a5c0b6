import { isIP } from 'node:net';

/** What of a certificate says whose it is; a subset of `tls.PeerCertificate`. */
export interface CertificateNames {
  readonly subject?: { readonly CN?: string | readonly string[] };
  readonly subjectaltname?: string;
}

type NameKind = 'DNS' | 'URI' | 'IP Address';

interface AlternativeName {
  readonly kind: string;
  readonly value: string;
}

/** Entries with quoted parts hold commas or control characters: no server is named like that, so they match nothing. */
function alternativeNames({ subjectaltname = '' }: CertificateNames): readonly AlternativeName[] {
  const entries = subjectaltname.match(/(?:[^,"]|"(?:[^"\\]|\\.)*")+/g) ?? [];
  return entries.flatMap((entry) => {
    const [, kind = '', value = ''] = /^\s*([^:]+):(.*)$/s.exec(entry) ?? [];
    return value === '' || value.includes('"') ? [] : [{ kind, value }];
  });
}

const withoutDot = (name: string): string => name.toLowerCase().replace(/\.$/, '');
/** One form for each address: IPv6 has many, and may carry a zone that is no part of it. */
function addressOf(text: string): string {
  const [address = ''] = text.split('%');
  return isIP(address) === 6 ? new URL(`http://[${address}]`).hostname : address;
}

/** Domain of `sip:domain`. Another scheme, a user part, a port or parameters make it no identity. */
const domainOfUri = (uri: string): string | undefined => /^sip:([^@:;?/\s]+)$/i.exec(uri)?.[1];

const commonNames = ({ subject }: CertificateNames): readonly string[] => {
  const names = subject?.CN;
  return names === undefined ? [] : typeof names === 'string' ? [names] : names;
};

/** Names a certificate stands for, as an administrator reads them. */
export function namesIn(certificate: CertificateNames): readonly string[] {
  const names = alternativeNames(certificate).map(({ value }) => value);
  return names.length > 0 ? names : commonNames(certificate);
}

/**
 * Whether a certificate is that of a server: a DNS or `sip:` URI name equal to its name, an IP address equal to its address.
 * The common name counts for a name when there is no other name at all. No wildcards.
 * @source RFC 5922 sections 7.1 and 7.2
 */
export function isCertificateOf(certificate: CertificateNames, server: string): boolean {
  const alternatives = alternativeNames(certificate);
  const of = (wanted: NameKind): readonly string[] => alternatives.flatMap(({ kind, value }) => (kind === wanted ? [value] : []));
  if (isIP(server) > 0) return of('IP Address').some((address) => addressOf(address) === addressOf(server));
  const domains = [...of('DNS'), ...of('URI').flatMap((uri) => domainOfUri(uri) ?? [])];
  const names = certificate.subjectaltname === undefined ? commonNames(certificate) : domains;
  return names.some((name) => !name.includes('*') && withoutDot(name) === withoutDot(server));
}
