import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readDigest, readDigests } from '../src/digest/digest-header.ts';
import { lineText, runs, token } from './support/arbitrary-messages.ts';
import { answers, answerTo, credentialsOf, paramsOf, register } from './support/digest.ts';
import { readResponse } from './support/messages.ts';

const plain = (text: string) => readDigests(text).map((params) => Object.fromEntries(params));
const unanswerable = (...challenges: string[]) => credentialsOf().answer({ ...register, challenges });

describe('a challenge (RFC 3261 section 25.1, RFC 7616 section 3.3)', () => {
  it('has its parameters under names in lowercase, values without their quotes', () => {
    expect(plain('DIGEST Realm="a, b", NONCE="x=y" , opaque="",algorithm=MD5')).toEqual([
      { realm: 'a, b', nonce: 'x=y', opaque: '', algorithm: 'MD5' },
    ]);
  });

  it('keeps what stands between the quotes as it is: that is what is hashed and sent back (RFC 7616 section 3.3, unq)', () => {
    expect(plain('Digest realm="a \\"b\\" \\\\", nonce="n"')).toEqual([{ realm: 'a \\"b\\" \\\\', nonce: 'n' }]);
    expect(answerTo(credentialsOf(), 'Digest realm="a \\"b\\"", nonce="n"').get('realm')).toBe('a \\"b\\"');
  });

  it.each([
    ['unquoted where it should be quoted', 'Digest realm=r, nonce=n, qop=auth'],
    ['quoted where it should not be', 'Digest realm="r", nonce="n", qop="auth"'],
    ['without commas', 'Digest realm="r" nonce="n" qop="auth"'],
    ['with blanks around everything', 'Digest\trealm = "r" ,, nonce= "n" , qop ="auth" ,'],
    ['with a parameter twice', 'Digest realm="r", nonce="n", qop="auth", nonce="other", realm="other"'],
  ])('is read %s', (_, text) => {
    expect(plain(text)).toEqual([{ realm: 'r', nonce: 'n', qop: 'auth' }]);
  });

  it('loses nothing behind an unquoted list of qops', () => {
    expect(plain('Digest realm=r, qop=auth,auth-int, nonce=n')).toEqual([{ realm: 'r', qop: 'auth', nonce: 'n' }]);
    expect(plain('Digest qop=auth, auth-int, realm="r", nonce="n"')).toEqual([{ qop: 'auth', realm: 'r', nonce: 'n' }]);
    expect(plain('Digest realm=r, nonce=n, qop=auth-int,auth')).toEqual([{ realm: 'r', nonce: 'n', qop: 'auth-int' }]);
  });

  it('is found among others in one field, and other schemes are passed over (P2)', () => {
    expect(
      plain('Basic realm="x", Digest realm="a", nonce="1", Bearer realm="y", nonce="2", Digest realm="b", nonce="3"'),
    ).toEqual([
      { realm: 'a', nonce: '1' },
      { realm: 'b', nonce: '3' },
    ]);
    expect(plain('Negotiate, Digest realm="a", nonce="1"')).toEqual([{ realm: 'a', nonce: '1' }]);
    expect(plain('NTLM dG9rZW4=, Digest realm="a", nonce="1"')).toEqual([{ realm: 'a', nonce: '1' }]);
    expect(readDigest('Basic realm="x"')).toBeUndefined();
  });

  it('with a quote left open ends with its field', () => {
    expect(plain('Digest realm="r", nonce="open, qop="auth"')[0]?.realm).toBe('r');
    expect(plain('Digest realm="open')).toEqual([{ realm: 'open' }]);
  });

  it('comes out of any parameters, however they are written (property)', () => {
    const value = fc.oneof(
      token.map((text) => [text, text] as const),
      lineText.map((text) => text.replace(/["\\]/g, '')).map((text) => [text, `"${text}"`] as const),
    );
    const params = fc.uniqueArray(fc.tuple(fc.constantFrom('realm', 'nonce', 'opaque', 'qop', 'x-y'), value), {
      selector: ([name]) => name,
    });
    fc.assert(
      fc.property(params, fc.constantFrom(', ', ',', ' ,\t', ' '), (pairs, comma) => {
        const text = `Digest ${pairs.map(([name, [, written]]) => `${name}=${written}`).join(comma)}`;
        const wanted = Object.fromEntries(pairs.map(([name, [read]]) => [name, read]));
        expect(plain(text)).toEqual([wanted]);
      }),
      runs(500),
    );
  });

  it('never throws, whatever it is made of, and neither does its answer (property)', () => {
    const words = fc.constantFrom(
      ...[
        'Digest',
        ' ',
        ',',
        '=',
        '"',
        '\\',
        'realm',
        'nonce=',
        'qop="auth,auth-int"',
        'algorithm=',
        'MD5',
        'MD5-sess',
        'SHA-256',
      ],
      ...['constructor', '__proto__', 'tostring', 'stale=true', 'nonce="n"', 'realm="r"', ', ', '-sess', 'auth', 'ü'],
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 25 }), (parts) => {
        const credentials = credentialsOf();
        credentials.answer({ ...register, challenges: [`Digest ${parts.join('')}`] });
        for (const [, value] of credentials.preemptive('REGISTER', 'sip:h'))
          expect(readDigest(value)?.get('username')).toBe('bob');
      }),
      runs(2000),
    );
  });
});

describe('the choice of a challenge (RFC 8760 section 2.4)', () => {
  const offer = (...algorithms: string[]) =>
    algorithms.map((name) => `Digest realm="r", nonce="${name}", qop="auth", algorithm=${name}`);
  const chosen = (...challenges: string[]) => paramsOf(answers(credentialsOf(), challenges)[0]?.value).get('algorithm');

  it.each(['MD5', 'MD5-sess', 'SHA-256', 'SHA-256-sess', 'SHA-512-256', 'SHA-512-256-sess'])('knows %s', (name) => {
    expect(chosen(...offer(name))).toBe(name);
  });

  it('takes the topmost that is supported: servers put the strongest on top', () => {
    expect(chosen(...offer('SHA-512-256', 'SHA-256', 'MD5'))).toBe('SHA-512-256');
    expect(chosen(...offer('SHA-1024', 'SHA-256', 'MD5'))).toBe('SHA-256');
    expect(chosen(...offer('MD5', 'SHA-256'))).toBe('MD5');
  });

  it('does so within one field as over several', () => {
    expect(chosen(offer('SHA-1024', 'SHA-256', 'MD5').join(', '))).toBe('SHA-256');
    const fields = offer('SHA-1024', 'SHA-256', 'MD5').map((value) => `WWW-Authenticate: ${value}`);
    const challenges = readResponse({ start: 'SIP/2.0 401 x', more: fields }).headers('WWW-Authenticate');
    expect(answers(credentialsOf(), challenges)).toHaveLength(1);
    expect(chosen(...challenges)).toBe('SHA-256');
  });

  it('takes an algorithm in quotes and in any case, and names it as the server did', () => {
    expect(chosen('Digest realm="r", nonce="n", algorithm="md5"')).toBe('md5');
    expect(chosen('Digest realm="r", nonce="n", algorithm="SHA-256"')).toBe('SHA-256');
  });

  it('is auth before auth-int, quoted or not, in any case and order', () => {
    const qop = (text: string) => answerTo(credentialsOf(), `Digest realm="r", nonce="n", ${text}`).get('qop');
    for (const text of ['qop="auth,auth-int"', 'qop="auth-int, auth"', 'qop=auth', 'qop="AUTH"', 'qop="auth"'])
      expect(qop(text)).toBe('auth');
    expect(qop('qop="auth-int"')).toBe('auth-int');
    expect(qop('qop=""')).toBeUndefined();
  });

  it('has nothing to choose where nothing is known', () => {
    const none = { unanswerable: 'no challenge names an algorithm and qop we know' };
    for (const name of ['SHA-1024', 'AKAv1-MD5', 'constructor', '__proto__', 'constructor-sess', '""', '-sess']) {
      expect(unanswerable(`Digest realm="r", nonce="n", algorithm=${name}`)).toEqual(none);
    }
    expect(unanswerable('Digest realm="r", nonce="n", qop="auth-conf"')).toEqual(none);
    expect(unanswerable('Digest realm="r"')).toEqual(none);
    expect(unanswerable('Basic realm="r"')).toEqual(none);
    expect(unanswerable()).toEqual({ unanswerable: 'the response carries no challenge' });
  });

  it('never tells the password', () => {
    const credentials = credentialsOf('bob', 'zanzibar');
    expect(JSON.stringify([answers(credentials, offer('MD5')), unanswerable(), credentials])).not.toContain('zanzibar');
  });
});
