import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DigestAlgorithm } from '../src/digest/hash.ts';
import { createDigestVerifier, type DigestVerifier, type DigestVerifierOptions } from '../src/digest/verifier.ts';
import { lineText, runs } from './support/arbitrary-messages.ts';
import { answers, credentialsOf } from './support/digest.ts';
import { createFakeAmbient, type FakeAmbient } from './support/fake-ambient.ts';

const algorithms: readonly DigestAlgorithm[] = ['MD5', 'MD5-sess', 'SHA-256', 'SHA-256-sess', 'SHA-512-256', 'SHA-512-256-sess'];
const uri = 'sip:example.com';
const nothing = new Uint8Array();

function serverOf(over: Partial<DigestVerifierOptions> = {}, ambient: FakeAmbient = createFakeAmbient(7)): DigestVerifier {
  return createDigestVerifier({
    realm: 'r',
    algorithms: ['SHA-256', 'MD5'],
    qop: ['auth'],
    nonceLifetimeMs: 60_000,
    ambient,
    ...over,
  });
}

const valueFor = (server: DigestVerifier, credentials = credentialsOf(), body = nothing): string =>
  answers(credentials, server.challenge(), { body })[0]?.value ?? '';

describe('server and client (RFC 7616 sections 3.3, 3.4)', () => {
  it('agree on every algorithm, quality, name, password and body (property)', () => {
    const options = fc.record({
      name: fc.constantFrom(...algorithms),
      qop: fc.constantFrom<readonly ('auth' | 'auth-int')[]>([], ['auth'], ['auth-int'], ['auth', 'auth-int']),
      realm: lineText.map((text) => text.replace(/["\\]/g, '')),
      username: lineText,
      password: fc.string({ unit: 'binary' }),
      body: fc.uint8Array({ maxLength: 50 }),
    });
    fc.assert(
      fc.property(options, ({ name, qop, realm, username, password, body }) => {
        const server = serverOf({ algorithms: [name], qop, realm });
        const credentials = credentialsOf(username, password);
        const verify = (value: string | undefined, secret = password) => server.verify(value, 'REGISTER', uri, body, secret);
        expect(verify(valueFor(server, credentials, body))).toBe('ok');
        const [again] = credentials.preemptive('REGISTER', uri, body);
        expect(verify(again?.[1], `${password}x`)).toBe('wrong');
        expect(verify(again?.[1])).toBe('ok');
      }),
      runs(300),
    );
  });

  it('agree through a refresh without a new challenge, as often as it comes', () => {
    const server = serverOf();
    const credentials = credentialsOf();
    const values = [
      valueFor(server, credentials),
      ...Array.from({ length: 20 }, () => credentials.preemptive('REGISTER', uri)[0]?.[1]),
    ];
    expect(values.map((value) => server.verify(value, 'REGISTER', uri, nothing, 'zanzibar'))).toEqual(Array(21).fill('ok'));
  });
});

describe('what a server refuses', () => {
  const server = serverOf();
  const verify = (value: string | undefined, over: { method?: string; body?: Uint8Array; password?: string } = {}) =>
    server.verify(value, over.method ?? 'REGISTER', uri, over.body ?? nothing, over.password ?? 'zanzibar');

  it('is no credentials, or those of another scheme', () => {
    expect([verify(undefined), verify(''), verify('Basic Ym9iOng=')]).toEqual(['missing', 'missing', 'missing']);
  });

  it('is a wrong password, another method, and any part changed on the way', () => {
    const value = valueFor(server);
    expect([verify(value, { password: 'wrong' }), verify(value, { method: 'INVITE' })]).toEqual(['wrong', 'wrong']);
    for (const [from, to] of [
      ['username="bob"', 'username="eve"'],
      ['uri="sip:example.com"', 'uri="sip:evil.com"'],
      ['nc=00000001', 'nc=00000002'],
      [/cnonce="[^"]*"/, 'cnonce="x"'],
      [/response="[^"]*"/, 'response=""'],
      ['algorithm=SHA-256', 'algorithm=MD5'],
      ['algorithm=SHA-256', 'algorithm=constructor'],
    ] as const) {
      expect(verify(value.replace(from, to)), String(to)).toBe('wrong');
    }
  });

  it('is a body that auth-int does not vouch for', () => {
    const strict = serverOf({ qop: ['auth-int'] });
    const value = valueFor(strict, credentialsOf(), Buffer.from('v=0'));
    expect(strict.verify(value, 'REGISTER', uri, Buffer.from('v=1'), 'zanzibar')).toBe('wrong');
    expect(strict.verify(value, 'REGISTER', uri, Buffer.from('v=0'), 'zanzibar')).toBe('ok');
  });

  it('is an algorithm it never offered', () => {
    const value = valueFor(serverOf({ algorithms: ['SHA-512-256'] }));
    expect(verify(value)).toBe('wrong');
  });

  it('is a count that does not go up: a replay', () => {
    const value = valueFor(server);
    expect([verify(value), verify(value)]).toEqual(['ok', 'stale']);
  });

  it('is a nonce it does not know, or one past its time, which it calls stale', () => {
    const ambient = createFakeAmbient(7);
    const forgetful = serverOf({ nonceLifetimeMs: 1000 }, ambient);
    const value = valueFor(forgetful);
    ambient.run(1000);
    expect(forgetful.verify(value, 'REGISTER', uri, nothing, 'zanzibar')).toBe('ok');
    ambient.run(1001);
    expect(forgetful.verify(value, 'REGISTER', uri, nothing, 'zanzibar')).toBe('stale');
    expect(serverOf({}, createFakeAmbient(8)).verify(value, 'REGISTER', uri, nothing, 'zanzibar')).toBe('stale');
  });
});

describe('a challenge of ours', () => {
  it('comes once for each algorithm, in the order of preference, with one nonce', () => {
    const [first, second] = serverOf().challenge();
    expect(first).toMatch(/^Digest realm="r", nonce="([a-z2-7]{24})", qop="auth", algorithm=SHA-256$/);
    expect(second).toBe(first?.replace('SHA-256', 'MD5'));
  });

  it('says stale when it is, and nothing of qop when there is none (RFC 2069)', () => {
    expect(serverOf({ algorithms: ['MD5'], qop: [] }).challenge(true)[0]).toMatch(
      /^Digest realm="r", nonce="[a-z2-7]+", algorithm=MD5, stale=true$/,
    );
  });

  it('has a nonce that nobody has had before', () => {
    const server = serverOf({ algorithms: ['MD5'] });
    expect(new Set(Array.from({ length: 1000 }, () => server.challenge()[0])).size).toBe(1000);
  });
});
