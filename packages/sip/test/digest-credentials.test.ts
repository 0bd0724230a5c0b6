import { describe, expect, it } from 'vitest';
import { answerChallenge } from '../src/dialog/challenge.ts';
import { answered, answers, answerTo, credentialsOf, paramsOf, unasked } from './support/digest.ts';
import { readResponse } from './support/messages.ts';

const challenge = (nonce: string, more = ''): string => `Digest realm="r", nonce="${nonce}", qop="auth"${more}`;

describe('the nonce count (RFC 7616 section 3.4)', () => {
  it('counts each use of a nonce, and starts anew with a new one', () => {
    const credentials = credentialsOf();
    answerTo(credentials, challenge('n1'));
    expect([unasked(credentials), unasked(credentials)].flat().map((sent) => [sent.get('nonce'), sent.get('nc')])).toEqual([
      ['n1', '00000002'],
      ['n1', '00000003'],
    ]);
    const fresh = answerTo(credentials, challenge('n2', ', stale=true'));
    expect([fresh.get('nonce'), fresh.get('nc')]).toEqual(['n2', '00000001']);
  });

  it('goes on when a server hands the same nonce out again: one that starts anew is a replay', () => {
    const credentials = credentialsOf();
    const first = answerTo(credentials, challenge('n1'));
    const second = answerTo(credentials, challenge('n1'), { method: 'INVITE' });
    expect([first.get('nc'), second.get('nc')]).toEqual(['00000001', '00000002']);
    expect(second.get('cnonce')).toBe(first.get('cnonce'));
  });

  it('is one of its own for each realm', () => {
    const credentials = credentialsOf();
    answerTo(credentials, challenge('n1'));
    answers(credentials, ['Digest realm="proxy", nonce="p1", qop="auth"'], { status: 407 });
    expect(unasked(credentials).map((sent) => [sent.get('realm'), sent.get('nc')])).toEqual([
      ['r', '00000003'],
      ['proxy', '00000002'],
    ]);
  });

  it('goes with a cnonce that is new for each nonce', () => {
    const credentials = credentialsOf();
    const cnonces = ['n1', 'n2', 'n3'].map((nonce) => answerTo(credentials, challenge(nonce)).get('cnonce'));
    expect(new Set(cnonces).size).toBe(3);
  });
});

describe('stale (RFC 7616 section 3.3)', () => {
  it.each(['stale=true', 'stale="TRUE"', 'Stale = "true"'])('tells a fresh nonce from a wrong password: %s', (stale) => {
    expect(answers(credentialsOf(), [challenge('n1', `, ${stale}`)])[0]?.stale).toBe(true);
  });

  it.each(['stale=false', 'stale="FALSE"', 'stale', 'stale=1', 'opaque="stale=true"'])('is not: %s', (stale) => {
    expect(answers(credentialsOf(), [challenge('n1', `, ${stale}`)])[0]?.stale).toBe(false);
  });
});

describe('a nonce that is known (RFC 7616 sections 3.4, 3.6)', () => {
  it('goes out unasked, so that a refresh is one transaction', () => {
    const credentials = credentialsOf();
    expect(credentials.preemptive('REGISTER', 'sip:example.com')).toEqual([]);
    answerTo(credentials, challenge('n1', ', opaque="o"'));
    const [field] = credentials.preemptive('REGISTER', 'sip:example.com');
    expect(field?.[0]).toBe('Authorization');
    expect(Object.fromEntries(paramsOf(field?.[1]))).toMatchObject({ nonce: 'n1', nc: '00000002', opaque: 'o', qop: 'auth' });
  });

  it('is followed by the one the server names next, counted from one', () => {
    const credentials = credentialsOf();
    answerTo(credentials, challenge('n1'));
    credentials.learn(answered('Authentication-Info: qop=auth, nextnonce="n2", rspauth="x"'));
    expect(unasked(credentials).map((sent) => [sent.get('nonce'), sent.get('nc')])).toEqual([['n2', '00000001']]);
    credentials.learn(answered('Authentication-Info: rspauth="x"'));
    credentials.learn(answered());
    expect(unasked(credentials).map((sent) => [sent.get('nonce'), sent.get('nc')])).toEqual([['n2', '00000002']]);
  });

  it('of a proxy is followed by that of Proxy-Authentication-Info', () => {
    const credentials = credentialsOf();
    answerTo(credentials, challenge('n1'));
    answers(credentials, ['Digest realm="proxy", nonce="p1"'], { status: 407 });
    credentials.learn(answered('Proxy-Authentication-Info: nextnonce="p2"'));
    expect(unasked(credentials).map((sent) => sent.get('nonce'))).toEqual(['n1', 'p2']);
  });

  it('of two proxies is followed at the one that repeats our cnonce, and at neither when it cannot be told', () => {
    const credentials = credentialsOf();
    answers(credentials, ['Digest realm="a", nonce="a1", qop="auth"', 'Digest realm="b", nonce="b1", qop="auth"'], {
      status: 407,
    });
    const cnonce = unasked(credentials)[1]?.get('cnonce');
    credentials.learn(answered('Proxy-Authentication-Info: nextnonce="x"'));
    expect(unasked(credentials).map((sent) => sent.get('nonce'))).toEqual(['a1', 'b1']);
    credentials.learn(answered(`Proxy-Authentication-Info: nextnonce="b2", cnonce="${cnonce}"`));
    expect(unasked(credentials).map((sent) => sent.get('nonce'))).toEqual(['a1', 'b2']);
  });

  it('from nobody is learned from nobody', () => {
    const credentials = credentialsOf();
    credentials.learn(answered('Authentication-Info: nextnonce="n2"'));
    expect(unasked(credentials)).toEqual([]);
  });
});

describe('several who challenge (RFC 3261 sections 22.2, 22.3)', () => {
  const told = (all: ReturnType<typeof answers>) => all.map(({ header, value }) => [header, paramsOf(value).get('realm')]);

  it('a 407, then a 401: both are satisfied', () => {
    const credentials = credentialsOf();
    expect(told(answers(credentials, ['Digest realm="proxy", nonce="p"'], { status: 407 }))).toEqual([
      ['Proxy-Authorization', 'proxy'],
    ]);
    expect(told(answers(credentials, [challenge('n')]))).toEqual([
      ['Authorization', 'r'],
      ['Proxy-Authorization', 'proxy'],
    ]);
  });

  it('two proxies, one behind the other: both are satisfied', () => {
    const credentials = credentialsOf();
    answers(credentials, ['Digest realm="outer", nonce="o"'], { status: 407 });
    expect(told(answers(credentials, ['Digest realm="inner", nonce="i"'], { status: 407 }))).toEqual([
      ['Proxy-Authorization', 'inner'],
      ['Proxy-Authorization', 'outer'],
    ]);
  });

  it('both sides of a fork in one response: each gets its answer', () => {
    const all = answers(credentialsOf(), ['Digest realm="a", nonce="1"', 'Digest realm="b", nonce="2"']);
    expect(told(all)).toEqual([
      ['Authorization', 'a'],
      ['Authorization', 'b'],
    ]);
  });

  it('a server that has changed its name gets the answer for the new one only', () => {
    const credentials = credentialsOf();
    answerTo(credentials, challenge('n'));
    expect(told(answers(credentials, ['Digest realm="renamed", nonce="2"']))).toEqual([['Authorization', 'renamed']]);
  });

  it('a server that names a new realm each time makes nothing grow', () => {
    const credentials = credentialsOf();
    for (let i = 0; i < 100; i++) answers(credentials, [`Digest realm="${i}", nonce="n"`]);
    expect(unasked(credentials).map((sent) => sent.get('realm'))).toEqual(['92', '93', '94', '95', '96', '97', '98', '99']);
    const many = Array.from({ length: 100 }, (_, i) => `Digest realm="many-${i}", nonce="n"`);
    expect(answers(credentials, many)).toHaveLength(8);
  });
});

describe('a challenge that never ends (RFC 3261 section 22.2, manual: Max Auth)', () => {
  const refused = readResponse({ start: 'SIP/2.0 401 Unauthorized', more: [`WWW-Authenticate: ${challenge('n')}`] });
  const request = { method: 'INVITE', uri: 'sip:bob@example.com', body: undefined };

  it('is answered as often as the line allows, and stands then', () => {
    const options = { credentials: credentialsOf(), maxAuth: 2 };
    const given = [0, 1, 2, 3].map((challenges) => answerChallenge(options, challenges, refused, request));
    expect(given.map((fields) => fields?.map(([name]) => name))).toEqual([
      ['Authorization'],
      ['Authorization'],
      undefined,
      undefined,
    ]);
  });

  it('stands at once when it cannot be answered, or is none', () => {
    const options = { credentials: credentialsOf(), maxAuth: 2 };
    for (const more of [[], ['WWW-Authenticate: Basic realm="x"'], [`Proxy-Authenticate: ${challenge('n')}`]]) {
      expect(answerChallenge(options, 0, readResponse({ start: 'SIP/2.0 401 x', more }), request)).toBeUndefined();
    }
    expect(answerChallenge(options, 0, readResponse({ start: 'SIP/2.0 403 x' }), request)).toBeUndefined();
  });
});
