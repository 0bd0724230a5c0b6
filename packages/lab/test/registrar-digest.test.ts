import type { Credentials, SipResponse } from '@offhook/sip';
import { describe, expect, test } from 'vitest';
import { createBench, credentialsOf, type RawClient } from './fixtures.ts';

const uri = 'sip:10.0.0.1';

/** Asks once with what the credentials know, and once more when challenged. Returns the statuses in order. */
async function register(phone: RawClient, credentials: Credentials, expires = 600): Promise<number[]> {
  const first = await phone.ask('REGISTER', { uri, expires, headers: credentials.preemptive('REGISTER', uri) });
  if (first === undefined) return [];
  if (first.status !== 401) {
    credentials.learn(first);
    return [first.status];
  }
  const second = await phone.ask('REGISTER', { uri, expires, headers: answerTo(first, credentials) });
  if (second !== undefined) credentials.learn(second);
  return [401, second?.status ?? 0];
}

function answerTo(response: SipResponse, credentials: Credentials): readonly (readonly [string, string])[] {
  const challenges = response.headers('WWW-Authenticate');
  const answer = credentials.answer({ status: 401, challenges, method: 'REGISTER', uri });
  if ('unanswerable' in answer) throw new Error(answer.unanswerable);
  return answer.map(({ header, value }) => [header, value] as const);
}

describe('digest', () => {
  test('challenges a REGISTER, then grants it', async () => {
    const { ambient, registrar, client } = await createBench();
    const phone = await client();
    expect(await register(phone, credentialsOf(ambient))).toEqual([401, 200]);
    expect(registrar.seen().map(({ auth, status }) => [auth, status])).toEqual([
      ['missing', 401],
      ['ok', 200],
    ]);
  });

  test('lets a cached nonce refresh in one transaction', async () => {
    const { ambient, registrar, client } = await createBench();
    const [phone, credentials] = [await client(), credentialsOf(ambient)];
    await register(phone, credentials);
    for (let i = 0; i < 3; i++) expect(await register(phone, credentials)).toEqual([200]);
    expect(registrar.bindings('1001')[0]?.cseq).toBe(5);
  });

  test('refuses a wrong password and a stranger with a new challenge', async () => {
    const { ambient, registrar, client } = await createBench({ password: (user) => (user === '1001' ? 'other' : undefined) });
    expect(await register(await client(), credentialsOf(ambient))).toEqual([401, 401]);
    expect(registrar.seen().at(-1)).toMatchObject({ auth: 'wrong', status: 401 });
    expect(registrar.bindings()).toEqual([]);
  });

  test('calls every nonce stale on command, and takes the new one', async () => {
    const { ambient, registrar, client } = await createBench();
    const [phone, credentials] = [await client(), credentialsOf(ambient)];
    await register(phone, credentials);
    registrar.staleNonces();
    expect(await register(phone, credentials)).toEqual([401, 200]);
    expect(phone.responses.at(-2)?.header('WWW-Authenticate')).toMatch(/stale=true/i);
    expect(registrar.seen().map(({ auth }) => auth)).toEqual(['missing', 'ok', 'stale', 'ok']);
  });

  test('calls a nonce stale after its lifetime', async () => {
    const { ambient, client } = await createBench({ nonceLifetimeMs: 60_000 });
    const [phone, credentials] = [await client(), credentialsOf(ambient)];
    await register(phone, credentials);
    await ambient.run(61_000);
    expect(await register(phone, credentials)).toEqual([401, 200]);
  });

  test('names the next nonce when told to', async () => {
    const { ambient, registrar, client } = await createBench();
    registrar.set({ nextNonce: true });
    const [phone, credentials] = [await client(), credentialsOf(ambient)];
    await register(phone, credentials);
    expect(phone.responses.at(-1)?.header('Authentication-Info')).toMatch(/^nextnonce="[^"]+"$/);
    for (let i = 0; i < 3; i++) expect(await register(phone, credentials)).toEqual([200]);
  });

  test('offers the algorithms it is told to, in that order', async () => {
    const { ambient, client } = await createBench({ algorithms: ['SHA-512-256', 'MD5-sess'], qop: ['auth-int', 'auth'] });
    const phone = await client();
    expect(await register(phone, credentialsOf(ambient))).toEqual([401, 200]);
    expect(phone.responses[0]?.headers('WWW-Authenticate').map((value) => /algorithm=([\w-]+)/.exec(value)?.[1])).toEqual([
      'SHA-512-256',
      'MD5-sess',
    ]);
  });

  test('does not touch bindings before it is satisfied', async () => {
    const { ambient, registrar, client } = await createBench();
    const [phone, credentials] = [await client(), credentialsOf(ambient)];
    await register(phone, credentials);
    expect((await phone.ask('REGISTER', { uri, contact: '*', expires: 0 }))?.status).toBe(401);
    expect(registrar.bindings()).toHaveLength(1);
  });
});
