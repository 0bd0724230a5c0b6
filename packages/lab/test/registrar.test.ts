import { describe, expect, test } from 'vitest';
import { nonsenseKinds } from '../src/index.ts';
import { createBench } from './fixtures.ts';

const open = { settings: { registerAuth: false } } as const;

describe('bindings', () => {
  test('are granted as asked and listed in the answer', async () => {
    const { registrar, client } = await createBench(open);
    const phone = await client();
    const answer = await phone.ask('REGISTER', { expires: 600 });
    expect([answer?.status, answer?.headers('Contact')]).toEqual([200, ['<sip:1001@10.0.0.9:5060>;expires=600']]);
    expect(registrar.bindings('1001')).toMatchObject([
      { contact: 'sip:1001@10.0.0.9:5060', callId: 'call-1', cseq: 1, expiresAtMs: 600_000 },
    ]);
  });

  test('prefer the wish of the Contact to the Expires header, and a default to nothing', async () => {
    const { registrar, client } = await createBench(open);
    const phone = await client();
    await phone.ask('REGISTER', { expires: 600, contact: '<sip:a@10.0.0.9>;expires=60' });
    await phone.ask('REGISTER', { contact: '<sip:b@10.0.0.9>' });
    expect(registrar.bindings().map(({ contact, expiresAtMs }) => [contact, expiresAtMs])).toEqual([
      ['sip:a@10.0.0.9', 60_000],
      ['sip:b@10.0.0.9', 3_600_000],
    ]);
  });

  test('lapse at their expiry', async () => {
    const { ambient, registrar, client } = await createBench(open);
    await (await client()).ask('REGISTER', { expires: 60 });
    await ambient.run(59_999);
    expect(registrar.bindings()).toHaveLength(1);
    await ambient.run(60_000);
    expect(registrar.bindings()).toHaveLength(0);
  });

  test('are kept side by side when their contacts differ', async () => {
    const { registrar, client } = await createBench(open);
    const phone = await client();
    await phone.ask('REGISTER', { contact: '<sip:1001@10.0.0.9;line=k;leg=p>' });
    const answer = await phone.ask('REGISTER', { contact: '<sip:1001@10.0.0.9;line=k;leg=a>', callId: 'call-2' });
    expect(answer?.headers('Contact')).toHaveLength(2);
    expect(registrar.bindings('1001')).toHaveLength(2);
  });

  test('end with Expires 0, one by one or all by wildcard', async () => {
    const { registrar, client } = await createBench(open);
    const phone = await client();
    await phone.ask('REGISTER', { contact: '<sip:a@10.0.0.9>' });
    await phone.ask('REGISTER', { contact: '<sip:b@10.0.0.9>' });
    await phone.ask('REGISTER', { contact: '<sip:a@10.0.0.9>', expires: 0 });
    expect(registrar.bindings().map(({ contact }) => contact)).toEqual(['sip:b@10.0.0.9']);
    expect((await phone.ask('REGISTER', { contact: '*' }))?.status).toBe(400);
    expect((await phone.ask('REGISTER', { contact: '*', expires: 0 }))?.status).toBe(200);
    expect(registrar.bindings()).toEqual([]);
  });

  test('refuse a CSeq that did not grow within one Call-ID, and take any in a new one', async () => {
    const { registrar, client } = await createBench(open);
    const phone = await client();
    await phone.ask('REGISTER', { cseq: 10, expires: 600 });
    expect((await phone.ask('REGISTER', { cseq: 10, expires: 60 }))?.status).toBe(500);
    expect((await phone.ask('REGISTER', { cseq: 9, contact: '*', expires: 0 }))?.status).toBe(500);
    expect(registrar.bindings()[0]?.expiresAtMs).toBe(600_000);
    expect((await phone.ask('REGISTER', { cseq: 1, callId: 'call-2', expires: 60 }))?.status).toBe(200);
  });

  test('shorter than the minimum are refused with 423 and the minimum', async () => {
    const { registrar, client } = await createBench({ settings: { registerAuth: false, minExpiresS: 7_000 } });
    const phone = await client();
    const answer = await phone.ask('REGISTER', { expires: 3_600 });
    expect([answer?.status, answer?.header('Min-Expires'), registrar.bindings()]).toEqual([423, '7000', []]);
    expect((await phone.ask('REGISTER', { expires: 7_000 }))?.status).toBe(200);
    expect((await phone.ask('REGISTER', { expires: 0 }))?.status).toBe(200);
  });

  test('are granted what the registrar is told to grant, with another Expires header if so told', async () => {
    const { registrar, client } = await createBench(open);
    const phone = await client();
    registrar.set({ grantS: 300, expiresHeaderS: 900 });
    const answer = await phone.ask('REGISTER', { expires: 3_600 });
    expect([answer?.headers('Contact'), answer?.header('Expires')]).toEqual([['<sip:1001@10.0.0.9:5060>;expires=300'], '900']);
    registrar.set({ grantS: undefined, maxExpiresS: 120 });
    expect((await phone.ask('REGISTER', { expires: 3_600 }))?.headers('Contact')).toEqual([
      '<sip:1001@10.0.0.9:5060>;expires=120',
    ]);
  });

  test('are lost when the registrar forgets them', async () => {
    const { registrar, client } = await createBench(open);
    await (await client()).ask('REGISTER');
    registrar.forget();
    expect(registrar.bindings()).toEqual([]);
  });

  test('remember the flow they came by', async () => {
    const { registrar, client } = await createBench(open);
    await (await client('10.0.0.9', 'tcp')).ask('REGISTER');
    expect(registrar.bindings()[0]?.link).toMatchObject({ protocol: 'tcp', remote: { host: '10.0.0.9' }, broken: false });
  });
});

describe('answers', () => {
  test('repeat themselves for a repeated request and count it once', async () => {
    const { registrar, client } = await createBench(open);
    const phone = await client();
    const request = phone.write('REGISTER', { cseq: 5 });
    for (let i = 0; i < 3; i++) phone.send(request);
    await phone.ask('OPTIONS');
    expect(phone.responses.map(({ status, cseq }) => [status, cseq.method])).toEqual([
      [200, 'REGISTER'],
      [200, 'REGISTER'],
      [200, 'REGISTER'],
      [200, 'OPTIONS'],
    ]);
    expect(registrar.seen({ method: 'REGISTER' }).map(({ repeated, status }) => [repeated, status])).toEqual([
      [false, 200],
      [true, 200],
      [true, 200],
    ]);
  });

  test('carry the sender’s true address', async () => {
    const { client } = await createBench(open);
    expect((await (await client()).ask('REGISTER'))?.header('Via')).toMatch(/;received=10\.0\.0\.9;rport=5060$/);
  });

  test('are given on command, that often, with Retry-After', async () => {
    const { registrar, client } = await createBench(open);
    const phone = await client();
    registrar.answer('REGISTER', 503, { retryAfterS: 120, times: 2 });
    const answers = [await phone.ask('REGISTER'), await phone.ask('REGISTER'), await phone.ask('REGISTER')];
    expect(answers.map((answer) => [answer?.status, answer?.header('Retry-After')])).toEqual([
      [503, '120'],
      [503, '120'],
      [200, undefined],
    ]);
  });

  test('come late on command, a repetition waiting for the same one', async () => {
    const { ambient, registrar, client } = await createBench(open);
    const phone = await client();
    registrar.answer('REGISTER', 500, { delayMs: 2_000, times: 1 });
    const request = phone.write('REGISTER');
    phone.send(request);
    await ambient.run(500);
    phone.send(request);
    await ambient.run(1_999);
    expect(phone.responses).toHaveLength(0);
    await ambient.run(2_000);
    expect(phone.responses.map(({ status }) => status)).toEqual([500]);
    registrar.delay('REGISTER', 1_000, { times: 1 });
    phone.send(phone.write('REGISTER'));
    await ambient.run(3_000);
    expect(phone.responses.map(({ status }) => status)).toEqual([500, 200]);
    expect(ambient.pendingTimers).toBe(0);
  });

  test('apply only where they are meant to, the later command first', async () => {
    const { registrar, client } = await createBench(open);
    const phone = await client();
    registrar.answer('*', 500);
    registrar.answer('REGISTER', 403, { when: ({ to }) => to.uri.includes('1002') });
    expect((await phone.ask('REGISTER', { user: '1002' }))?.status).toBe(403);
    expect((await phone.ask('REGISTER', { user: '1001' }))?.status).toBe(500);
    registrar.clear();
    expect((await phone.ask('REGISTER', { user: '1001' }))?.status).toBe(200);
  });

  test('are withheld in silence, and a repetition is answered after it', async () => {
    const { registrar, client } = await createBench(open);
    const phone = await client();
    const request = phone.write('REGISTER');
    registrar.silence('REGISTER');
    phone.send(request);
    expect((await phone.ask('OPTIONS'))?.status).toBe(200);
    expect(registrar.seen({ method: 'REGISTER' })).toMatchObject([{ status: undefined, auth: 'none' }]);
    registrar.clear('REGISTER');
    phone.send(request);
    await phone.ask('OPTIONS');
    expect(phone.responses.filter(({ cseq }) => cseq.method === 'REGISTER').map(({ status }) => status)).toEqual([200]);
  });

  test('to INVITE come in steps; a CANCEL ends them with 487', async () => {
    const { ambient, registrar, client } = await createBench(open);
    const phone = await client();
    registrar.answer('INVITE', [
      { status: 100, afterMs: 200 },
      { status: 180, afterMs: 1_000 },
      { status: 200, afterMs: 9_000 },
    ]);
    const invite = { uri: 'sip:2001@10.0.0.1', branch: 'z9hG4bKinvite', cseq: 7 };
    phone.send(phone.write('INVITE', invite));
    await ambient.run(5_000);
    expect(phone.responses.map(({ status }) => status)).toEqual([100, 180]);
    phone.send(phone.write('CANCEL', invite));
    await ambient.run(20_000);
    expect(phone.responses.map(({ status, cseq }) => [status, cseq.method])).toEqual([
      [100, 'INVITE'],
      [180, 'INVITE'],
      [200, 'CANCEL'],
      [487, 'INVITE'],
    ]);
    phone.send(phone.write('ACK', invite));
    await ambient.settle();
    expect(registrar.seen({ method: 'ACK' })).toHaveLength(1);
    expect(phone.responses).toHaveLength(4);
  });

  test('that take a call name the registrar as its party and accept its BYE', async () => {
    const { registrar, client } = await createBench(open);
    const phone = await client();
    registrar.answer('INVITE', 200);
    const answer = await phone.ask('INVITE', { uri: 'sip:2001@10.0.0.1', cseq: 7 });
    expect(new TextDecoder().decode(answer?.body)).toContain('m=audio');
    const target = answer?.contacts[0]?.uri ?? '';
    phone.send(phone.write('ACK', { uri: target, cseq: 7 }));
    expect((await phone.ask('BYE', { uri: target, cseq: 8 }))?.status).toBe(200);
  });

  test('of 401 and 407 on command carry a challenge', async () => {
    const { registrar, client } = await createBench(open);
    const phone = await client();
    registrar.answer('INVITE', 407, { times: 3 });
    for (let i = 0; i < 3; i++) {
      const answer = await phone.ask('INVITE', { uri: 'sip:2001@10.0.0.1' });
      expect([answer?.status, answer?.headers('Proxy-Authenticate').length]).toEqual([407, 2]);
    }
  });

  test('are spoiled in every way and still end in time', async () => {
    const { ambient, registrar, client } = await createBench(open);
    const phone = await client();
    const good = await phone.ask('REGISTER');
    for (const kind of nonsenseKinds) {
      registrar.nonsense(kind, 'REGISTER', { times: 1 });
      const before = [phone.responses.length, phone.faults.length];
      phone.send(phone.write('REGISTER'));
      await ambient.settle();
      const answer = phone.responses.slice(before[0])[0];
      const differs =
        answer === undefined ? phone.faults.length > (before[1] ?? 0) : answer.via.branch !== `z9hG4bKraw${answer.cseq.number}`;
      expect([kind, differs]).toEqual([kind, true]);
    }
    expect(good?.status).toBe(200);
    expect((await phone.ask('REGISTER'))?.status).toBe(200);
    expect(ambient.pendingTimers).toBe(0);
  });
});

describe('bad input', () => {
  test('is counted, answered where it can be, and stops nothing', async () => {
    const { ambient, registrar, client } = await createBench(open);
    const phone = await client();
    phone.send(new TextEncoder().encode('no SIP at all'));
    phone.send(Uint8Array.from({ length: 500 }, (_, i) => (i * 7) % 256));
    const good = new TextDecoder().decode(phone.write('REGISTER'));
    phone.send(new TextEncoder().encode(good.replace('Call-ID:', 'no header at all\r\nCall-ID:')));
    await ambient.settle();
    expect(phone.responses.map(({ status }) => status)).toEqual([400]);
    expect(registrar.faults).toBe(3);
    expect((await phone.ask('REGISTER'))?.status).toBe(200);
  });
});
