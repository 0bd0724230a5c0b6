import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type DigestHash, type DigestInput, digestHash, digestResponse, formatNonceCount } from '../src/digest/hash.ts';
import { answerTo, credentialsOf } from './support/digest.ts';

const hashOf = (algorithm: string): DigestHash => {
  const hash = digestHash(algorithm);
  if (hash === undefined) throw new Error(`unknown: ${algorithm}`);
  return hash;
};

type Vector = Omit<DigestInput, 'hash' | 'secret' | 'body'> & { readonly user: string; readonly body?: Uint8Array };
const respond = (algorithm: string, { user, body, ...input }: Vector): string => {
  const hash = hashOf(algorithm);
  return digestResponse({ ...input, hash, secret: hash.digest(user), body });
};
const auth = { name: 'auth', nc: '00000001' } as const;

describe('examples of the standards', () => {
  it('RFC 2617 section 3.5', () => {
    const example = {
      user: 'Mufasa:testrealm@host.com:Circle Of Life',
      nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093',
      cnonce: '0a4f113b',
      method: 'GET',
      uri: '/dir/index.html',
      qop: auth,
    };
    expect(respond('MD5', example)).toBe('6629fae49393a05397450978507c4ef1');
  });

  it('RFC 7616 section 3.9.1: MD5 and SHA-256', () => {
    const example = {
      user: 'Mufasa:http-auth@example.org:Circle of Life',
      nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
      cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
      method: 'GET',
      uri: '/dir/index.html',
      qop: auth,
    };
    expect(respond('MD5', example)).toBe('8ca523f5e9506fed4657c9700eebdbec');
    expect(respond('SHA-256', example)).toBe('753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1');
  });

  it('RFC 7616 section 3.9.2: SHA-512-256, with the response of erratum 4897 (the printed one is SHA-512 cut short)', () => {
    const example = {
      user: 'J\u00e4s\u00f8n Doe:api@example.org:Secret, or not?',
      nonce: '5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK',
      cnonce: 'NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v',
      method: 'GET',
      uri: '/doe.json',
      qop: auth,
    };
    expect(respond('SHA-512-256', example)).toBe('3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5');
  });

  it('FIPS 180-4: SHA-512/256 has initial values of its own', () => {
    expect(hashOf('SHA-512-256').digest('abc')).toBe('53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23');
  });
});

describe('examples for SIP (draft-smith-sipping-auth-examples-01 section 3)', () => {
  const invite = {
    user: 'bob:biloxi.com:zanzibar',
    nonce: 'dcd98b7102dd2f0e8b11d0f600bfb0c093',
    cnonce: '0a4f113b',
    method: 'INVITE',
    uri: 'sip:bob@biloxi.com',
  };
  const host = 'media.biloxi.com';
  const streams = ['audio 49170 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000', 'video 51372 RTP/AVP 31\r\na=rtpmap:31 H261/90000'];
  const media = [...streams, 'video 53000 RTP/AVP 32\r\na=rtpmap:32 MPV/90000'].map((stream) => `m=${stream}\r\n`).join('');
  const body = Buffer.from(`v=0\r\no=bob 2890844526 2890844526 IN IP4 ${host}\r\ns=-\r\nc=IN IP4 ${host}\r\nt=0 0\r\n${media}`);
  const protectedBody = { name: 'auth-int', nc: '00000001' } as const;

  it('without qop', () => {
    expect(respond('MD5', invite)).toBe('bf57e4e0d0bffc0fbaedce64d59add5e');
  });

  it('with auth, MD5 and MD5-sess', () => {
    expect(respond('MD5', { ...invite, qop: auth })).toBe('89eb0059246c02b2f6ee02c7961d5ea3');
    expect(respond('MD5-sess', { ...invite, qop: auth })).toBe('e4e4ea61d186d07a92c9e1f6919902e9');
  });

  it('with auth-int over the body, MD5 and MD5-sess', () => {
    expect(respond('MD5', { ...invite, body, qop: protectedBody })).toBe('bdbeebb2da6adb6bca02599c2239e192');
    expect(respond('MD5-sess', { ...invite, body, qop: protectedBody })).toBe('91984da2d8663716e91554859c22ca70');
  });

  it('with auth-int over no body, which is the hash of nothing', () => {
    const empty = { ...invite, qop: protectedBody };
    expect(respond('MD5', empty)).toBe(respond('MD5', { ...empty, body: new Uint8Array() }));
    expect(respond('MD5', empty)).not.toBe(respond('MD5', { ...empty, body }));
  });
});

describe('what credentials write (RFC 7616 section 3.4)', () => {
  const md5 = (text: string) => createHash('md5').update(text).digest('hex');

  it('is the response of their own nonce, count and cnonce', () => {
    const written = answerTo(credentialsOf(), 'Digest realm="biloxi.com", nonce="n1", qop="auth", opaque="o1"');
    const [nc, cnonce] = [written.get('nc'), written.get('cnonce')];
    const expected = md5(`${md5('bob:biloxi.com:zanzibar')}:n1:${nc}:${cnonce}:auth:${md5('REGISTER:sip:example.com')}`);
    expect(Object.fromEntries(written)).toEqual({
      username: 'bob',
      realm: 'biloxi.com',
      nonce: 'n1',
      uri: 'sip:example.com',
      response: expected,
      cnonce,
      qop: 'auth',
      nc: '00000001',
      opaque: 'o1',
    });
    expect(cnonce).toMatch(/^[a-z2-7]{16}$/);
  });

  it('has no algorithm that was not named, and no cnonce where nobody asked for one (RFC 2069)', () => {
    const written = answerTo(credentialsOf(), 'Digest realm="r", nonce="n1"');
    expect([...written.keys()]).toEqual(['username', 'realm', 'nonce', 'uri', 'response']);
    expect(written.get('response')).toBe(md5(`${md5('bob:r:zanzibar')}:n1:${md5('REGISTER:sip:example.com')}`));
  });

  it('has the user name in the clear: userhash is an offer we do not take (RFC 7616 section 3.4.4)', () => {
    const written = answerTo(credentialsOf('Jäsøn "D"'), 'Digest realm="r", nonce="n", algorithm=SHA-256, userhash=true');
    expect(written.get('username')).toBe('Jäsøn \\"D\\"');
    expect(written.has('userhash')).toBe(false);
  });

  it('counts in eight hexadecimal digits', () => {
    expect([1, 255, 0xffffffff].map(formatNonceCount)).toEqual(['00000001', '000000ff', 'ffffffff']);
  });
});
