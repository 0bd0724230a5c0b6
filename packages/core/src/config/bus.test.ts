import { describe, expect, it } from 'vitest';
import { describeFinding } from './finding.ts';
import { readRuntimeConfig } from './read-runtime.ts';

const cert = '-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----';
const key = '-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----';
const files: Readonly<Record<string, string>> = {
  'edge.creds': 'jwt and seed',
  'edge.nk': 'SUhunter2',
  'ca.pem': cert,
  'edge.key': key,
};
const resolveSecret = (reference: { readonly env: string } | { readonly file: string }) =>
  'file' in reference ? files[reference.file] : reference.env === 'NKEY' ? 'SUhunter2' : undefined;

const read = (bus: unknown) => readRuntimeConfig({ bus }, { resolveSecret });

describe('bus', () => {
  it('holds the texts of what it names', () => {
    expect(read({ url: 'tls://a:4222,tls://b:4222', creds: 'edge.creds', tls: { ca: 'ca.pem' } }).config?.bus).toEqual({
      url: 'tls://a:4222,tls://b:4222',
      creds: 'jwt and seed',
      tls: { ca: [cert] },
    });
    expect(read({ nkey: { env: 'NKEY' }, tls: { cert, key: 'edge.key' } }).config?.bus).toEqual({
      nkey: 'SUhunter2',
      tls: { cert, key },
    });
  });

  it('is empty when nothing is written', () => {
    expect(readRuntimeConfig({}).config?.bus).toEqual({});
  });

  it.each([
    [{ url: 'http://a' }, 'value.invalid bus.url'],
    [{ creds: 'gone.creds' }, 'secret.unavailable bus.creds'],
    [{ nkey: { env: 'NOTHING' } }, 'secret.unavailable bus.nkey'],
    [{ creds: 'edge.creds', nkey: 'edge.nk' }, 'value.invalid bus.nkey'],
    [{ tls: { ca: 'gone.pem' } }, 'tls.unreadable bus.tls.ca'],
    [{ tls: { cert } }, 'tls.incomplete bus.tls.cert'],
    [{ tls: { minVersion: 'TLSv1.3' } }, 'key.unknown bus.tls.minVersion'],
    [{ user: 'me' }, 'key.unknown bus.user'],
  ])('refuses %j', (bus, fault) => {
    expect(read(bus).findings.map(({ code, path }) => `${code} ${path}`)).toEqual([fault]);
    expect(read(bus).config).toBeUndefined();
  });

  it('says where a file is missing and what to do, and never shows a secret', () => {
    const text = read({ creds: 'gone.creds', nkey: 'edge.nk', tls: { ca: key } })
      .findings.map(describeFinding)
      .join('\n');
    expect(text).toContain(
      'bus.creds: error secret.unavailable: The credentials of the bus cannot be read. Seen: file gone.creds. ' +
        'Allowed: a file, { env: NAME } or { file: path }. Check the path and its rights, or the variable.',
    );
    expect(text).not.toContain('hunter2');
  });
});
