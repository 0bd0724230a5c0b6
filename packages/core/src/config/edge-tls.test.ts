import { describe, expect, it } from 'vitest';
import { describeFinding } from './finding.ts';
import { parseRuntimeConfig, readRuntimeConfig } from './read-runtime.ts';

const cert = '-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----';
const key = '-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----';
const files: Readonly<Record<string, string>> = {
  'ca.pem': cert,
  'phone.pem': cert,
  'phone.key': key,
  'locked.key': key.replace('PRIVATE', 'ENCRYPTED PRIVATE'),
};
const resolveSecret = (reference: { readonly env: string } | { readonly file: string }) =>
  'file' in reference ? files[reference.file] : reference.env === 'KEY' ? key : undefined;

const read = (tls: unknown, listen?: unknown) =>
  readRuntimeConfig({ edge: { tls, ...(listen === undefined ? {} : { listen }) } }, { resolveSecret });
const faults = (tls: unknown): readonly string[] => read(tls).findings.map(({ code, path }) => `${code} ${path}`);

describe('edge.tls', () => {
  it('holds the texts of what it names: files, variables or PEM itself', () => {
    const tls = { ca: ['ca.pem', { file: 'ca.pem' }], cert, key: { env: 'KEY' }, minVersion: 'TLSv1.3' };
    expect(read(tls).config?.edge.tls).toEqual({ ca: [cert, cert], cert, key, minVersion: 'TLSv1.3' });
    expect(read({ ca: 'ca.pem' }).config?.edge.tls).toEqual({ ca: [cert] });
  });

  it('is absent when it is not written', () => {
    expect(readRuntimeConfig({}).config?.edge).not.toHaveProperty('tls');
  });

  it.each([
    [{ ca: 'gone.pem' }, 'tls.unreadable edge.tls.ca'],
    [{ ca: ['ca.pem', 'gone.pem'] }, 'tls.unreadable edge.tls.ca[1]'],
    [{ cert: 'phone.pem', key: { env: 'NOTHING' } }, 'tls.unreadable edge.tls.key'],
    [{ ca: 'phone.key' }, 'value.invalid edge.tls.ca'],
    [{ cert: 'phone.pem', key: 'phone.pem' }, 'value.invalid edge.tls.key'],
    [{ cert: 'phone.pem', key: 'locked.key' }, 'value.invalid edge.tls.key'],
    [{ cert: 'phone.pem' }, 'tls.incomplete edge.tls.cert'],
    [{ key: 'phone.key' }, 'tls.incomplete edge.tls.key'],
    [{ minVersion: 'TLSv1.1' }, 'value.invalid edge.tls.minVersion'],
    [{ ca: 7 }, 'value.invalid edge.tls.ca'],
    [{ cert: { file: '' } }, 'value.invalid edge.tls.cert.file'],
    [{ chain: 'ca.pem' }, 'key.unknown edge.tls.chain'],
  ])('refuses %j', (tls, fault) => {
    expect(faults(tls)).toEqual([fault]);
    expect(read(tls).config).toBeUndefined();
  });

  it('says where a file is missing and what to do, and never shows a key', () => {
    const text = read({ ca: 'gone.pem', cert: key, key: cert }).findings.map(describeFinding).join('\n');
    expect(text).toContain(
      'edge.tls.ca: error tls.unreadable: The certificate cannot be read. Seen: file gone.pem. ' +
        'Allowed: a certificate as PEM. Check the path and its rights, or the variable.',
    );
    expect(text).toContain('edge.tls.cert: error value.invalid: There is no certificate in it. Seen: PEM text.');
    expect(text).not.toContain('hunter2');
  });

  it('needs no files where the texts are given', () => {
    expect(parseRuntimeConfig({ edge: { tls: { ca: cert } } }).edge.tls).toEqual({ ca: [cert] });
    expect(() => parseRuntimeConfig({ edge: { tls: { ca: 'ca.pem' } } })).toThrow('edge.tls.ca');
  });
});

describe('TLS addresses', () => {
  it('only connect when the lines ask for them', () => {
    const lines = [{ id: '1', proxy: 'a', sipTransport: 'TLS' as const }];
    expect(parseRuntimeConfig({ lines }).edge.listen).toEqual([{ protocol: 'tls', host: '0.0.0.0', port: 0, connectOnly: true }]);
  });

  it('that nobody can connect to are remarked on', () => {
    const listen = [{ protocol: 'tls', host: '0.0.0.0', port: 5061 }];
    expect(read({}, listen).findings).toMatchObject([
      { severity: 'warning', code: 'tls.no-certificate', path: 'edge.listen[0]' },
    ]);
    expect(read({ cert: 'phone.pem', key: 'phone.key' }, listen).findings).toEqual([]);
    expect(read({}, [{ protocol: 'tls', host: '0.0.0.0', port: 0 }]).findings).toEqual([]);
  });
});
