import { describe, expect, it, vi } from 'vitest';
import type { DigestAlgorithm } from '../src/digest/hash.ts';
import { createDigestVerifier, type DigestVerifier } from '../src/digest/verifier.ts';
import { createPair, offer, type Pair } from './support/dialog-pair.ts';
import { answers, answerTo, credentialsOf, paramsOf, unasked } from './support/digest.ts';
import { createFakeAmbient } from './support/fake-ambient.ts';

/** Section 2.4 of the stack study row by row: what the digest of sip.js does, and what it lacks, as a promise of ours. */

function serverOf(realm: string, algorithms: readonly DigestAlgorithm[], qop: readonly ('auth' | 'auth-int')[]): DigestVerifier {
  return createDigestVerifier({ realm, algorithms, qop, nonceLifetimeMs: 60_000, ambient: createFakeAmbient(9) });
}

/** Challenges the latest INVITE that reached bob. */
function challenge(pair: Pair, status: 401 | 407, server: DigestVerifier): void {
  const field = status === 401 ? 'WWW-Authenticate' : 'Proxy-Authenticate';
  pair.bob.incoming.at(-1)?.reject(
    status,
    server.challenge().map((value) => [field, value] as const),
  );
  pair.run(pair.ambient.now() / 1000);
}

function verdictOf(pair: Pair, server: DigestVerifier, field: string): string | undefined {
  const request = pair.bob.incoming.at(-1)?.request;
  return request && server.verify(request.header(field), 'INVITE', request.uri, request.body, 'secret');
}

describe('digest', () => {
  it('2.4 basics: MD5, with qop auth and without, opaque, a realm with quotes, 401 and 407', () => {
    for (const [status, header] of [
      [401, 'Authorization'],
      [407, 'Proxy-Authorization'],
    ] as const) {
      const [answer] = answers(credentialsOf(), ['Digest realm="a \\"b\\"", nonce="n", opaque="o", qop="auth"'], { status });
      const params = paramsOf(answer?.value);
      expect([answer?.header, params.get('realm'), params.get('opaque'), params.get('qop')]).toEqual([
        header,
        'a \\"b\\"',
        'o',
        'auth',
      ]);
    }
    expect(answerTo(credentialsOf(), 'Digest realm="r", nonce="n"').has('nc')).toBe(false);
  });

  it.each<DigestAlgorithm>(['MD5-sess', 'SHA-256', 'SHA-256-sess', 'SHA-512-256', 'SHA-512-256-sess'])(
    '2.4 algorithms: %s is answered in a call',
    (name) => {
      const pair = createPair();
      const server = serverOf('r', [name], ['auth']);
      pair.alice.call();
      pair.run(0);
      challenge(pair, 401, server);
      expect(verdictOf(pair, server, 'Authorization')).toBe('ok');
    },
  );

  it('2.4 several challenges: the topmost one known is answered, in whichever order they come', () => {
    for (const names of [
      ['SHA-256', 'MD5'],
      ['MD5', 'SHA-256'],
      ['SHA-512-256', 'MD5'],
    ] as const) {
      const pair = createPair();
      const server = serverOf('r', names, ['auth']);
      pair.alice.call();
      pair.run(0);
      challenge(pair, 401, server);
      expect(verdictOf(pair, server, 'Authorization')).toBe('ok');
      expect(paramsOf(pair.bob.incoming.at(-1)?.request.header('Authorization')).get('algorithm')).toBe(names[0]);
    }
  });

  it('2.4 auth-int: the body of an INVITE is vouched for', () => {
    const pair = createPair();
    const server = serverOf('r', ['MD5'], ['auth-int']);
    pair.alice.call();
    pair.run(0);
    challenge(pair, 401, server);
    expect([pair.bob.incoming.at(-1)?.offer, verdictOf(pair, server, 'Authorization')]).toEqual([offer, 'ok']);
  });

  it('2.4 nonce-count: a new nonce is counted from one', () => {
    const credentials = credentialsOf();
    answerTo(credentials, 'Digest realm="r", nonce="1", qop="auth"');
    unasked(credentials);
    expect(answerTo(credentials, 'Digest realm="r", nonce="2", qop="auth", stale=true').get('nc')).toBe('00000001');
  });

  it('2.4 pre-emptive credentials: a second call is not challenged, and nextnonce is taken up', () => {
    const pair = createPair();
    const server = serverOf('r', ['SHA-256'], ['auth']);
    pair.alice.call();
    pair.run(0);
    challenge(pair, 401, server);
    expect(verdictOf(pair, server, 'Authorization')).toBe('ok');
    const next = paramsOf(server.challenge()[0]).get('nonce');
    const incoming = pair.bob.incoming.at(-1);
    pair.alice.intercept = (message) => {
      if (message.kind !== 'response' || message.status !== 200) return false;
      pair.alice.intercept = undefined;
      pair.alice.inject(
        Buffer.from(message.bytes).toString().replace('\r\n', `\r\nAuthentication-Info: nextnonce="${next}"\r\n`),
      );
      return true;
    };
    incoming?.accept(offer);
    pair.run(1);
    pair.alice.call();
    pair.run(1);
    expect(verdictOf(pair, server, 'Authorization')).toBe('ok');
    expect(paramsOf(pair.bob.incoming.at(-1)?.request.header('Authorization')).get('nonce')).toBe(next);
    expect(pair.all('401 INVITE')).toHaveLength(1);
  });

  it('2.4 proxy, then registrar: a call that is challenged by both comes up', () => {
    const pair = createPair();
    const [proxy, server] = [serverOf('proxy', ['MD5'], ['auth']), serverOf('r', ['SHA-256'], ['auth'])];
    const call = pair.alice.call();
    pair.run(0);
    challenge(pair, 407, proxy);
    challenge(pair, 401, server);
    expect([verdictOf(pair, proxy, 'Proxy-Authorization'), verdictOf(pair, server, 'Authorization')]).toEqual(['ok', 'ok']);
    pair.bob.incoming.at(-1)?.accept(offer);
    pair.run(1);
    expect(call.heard.at(-1)).toBe('accepted');
  });

  it('2.4 quotes: an unquoted qop, a quoted algorithm and a quoted stale mean what they say', () => {
    const challenges = ['Digest realm="r", nonce="n", qop=auth, algorithm="SHA-256", stale="TRUE"'];
    const [answer] = answers(credentialsOf(), challenges);
    expect([answer?.stale, paramsOf(answer?.value).get('qop'), paramsOf(answer?.value).get('algorithm')]).toEqual([
      true,
      'auth',
      'SHA-256',
    ]);
    expect(answers(credentialsOf(), [challenges[0]?.replace('TRUE', 'FALSE') ?? ''])[0]?.stale).toBe(false);
  });

  it('2.4 randomness: branches, tags and cnonces come from the ambient source, none from Math.random', () => {
    const random = vi.spyOn(Math, 'random');
    const wireOf = (seed: number) => {
      const pair = createPair({ seed });
      const server = serverOf('r', ['MD5'], ['auth']);
      const call = pair.alice.call();
      pair.run(0);
      challenge(pair, 401, server);
      pair.bob.incoming.at(-1)?.accept(offer);
      pair.run(1);
      call.session.bye();
      pair.run(2);
      return pair.wire.map(({ text }) => text).join('');
    };
    expect(wireOf(1)).toBe(wireOf(1));
    expect(wireOf(1)).not.toBe(wireOf(2));
    expect(random).not.toHaveBeenCalled();
    random.mockRestore();
  });

  it('is not answered for ever: a call that is challenged again and again fails after Max Auth answers', () => {
    const pair = createPair({ dialogs: { maxAuth: 2 } });
    const server = serverOf('r', ['MD5'], ['auth']);
    const call = pair.alice.call();
    pair.run(0);
    for (let i = 0; i < 5; i++) challenge(pair, 401, server);
    expect([pair.bob.incoming.length, call.heard]).toEqual([3, ['failed 401']]);
  });
});
