import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';
import { bits, boolean, explicit, implicit, instant, integer, octets, oid, sequence, set, text } from './der.ts';

/** A certificate and its key, as PEM. Made for one run of a test and never written anywhere. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateWish {
  /** `DNS:a.example`, `URI:sip:a.example`, `IP:127.0.0.1` */
  readonly names?: readonly string[];
  readonly commonName?: string;
  /** Days from now; default from yesterday for ten days. */
  readonly fromDay?: number;
  readonly untilDay?: number;
}

export interface Authority extends Identity {
  issue(wish?: CertificateWish): Identity;
}

const dayMs = 86_400_000;
const ecdsaWithSha256 = sequence(oid('1.2.840.10045.4.3.2'));
const nameOf = (commonName: string): Buffer => sequence(set(sequence(oid('2.5.4.3'), text(commonName))));
const extension = (id: string, critical: boolean, value: Buffer): Buffer =>
  sequence(oid(id), ...(critical ? [boolean(true)] : []), octets(value));

function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number));
  const [head = '', tail = ''] = address.split('::');
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const zeros = Array.from({ length: 8 - groups(head).length - groups(tail).length }, () => '0');
  return Buffer.from([...groups(head), ...zeros, ...groups(tail)].map((group) => group.padStart(4, '0')).join(''), 'hex');
}

function alternativeName(name: string): Buffer {
  const at = name.indexOf(':');
  const [kind, value] = [name.slice(0, at), name.slice(at + 1)];
  if (kind === 'IP') return implicit(7, addressBytes(value));
  return implicit(kind === 'URI' ? 6 : 2, Buffer.from(value));
}

interface Signer {
  readonly name: Buffer;
  readonly key: KeyObject;
}

function pem(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

function certify(wish: CertificateWish, isAuthority: boolean, signer?: Signer) {
  const { names = [], commonName = 'test server', fromDay = -1, untilDay = 10 } = wish;
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const own: Signer = { name: nameOf(commonName), key: privateKey };
  const issuer = signer ?? own;
  const extensions = [
    extension('2.5.29.19', true, sequence(...(isAuthority ? [boolean(true)] : []))),
    ...(names.length === 0 ? [] : [extension('2.5.29.17', false, sequence(...names.map(alternativeName)))]),
  ];
  const body = sequence(
    explicit(0, integer(Buffer.of(2))),
    integer(Buffer.concat([Buffer.of(1), randomBytes(15)])),
    ecdsaWithSha256,
    issuer.name,
    sequence(...[fromDay, untilDay].map((days) => instant(new Date(Date.now() + days * dayMs)))),
    own.name,
    publicKey.export({ type: 'spki', format: 'der' }),
    explicit(3, sequence(...extensions)),
  );
  const cert = pem(sequence(body, ecdsaWithSha256, bits(sign('sha256', body, issuer.key))));
  return { signer: own, cert, key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
}

export function createAuthority(commonName = 'test authority'): Authority {
  const { signer, cert, key } = certify({ commonName }, true);
  return {
    cert,
    key,
    issue(wish = {}) {
      const issued = certify(wish, false, signer);
      return { cert: issued.cert, key: issued.key };
    },
  };
}

export function selfSigned(wish: CertificateWish = {}): Identity {
  const { cert, key } = certify(wish, false);
  return { cert, key };
}
