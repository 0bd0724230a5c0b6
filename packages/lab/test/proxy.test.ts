import { describe, expect, test } from 'vitest';
import { createUserAgent, type UserAgent } from '../src/index.ts';
import { type Bench, createBench, primary } from './fixtures.ts';

const open = { settings: { registerAuth: false } } as const;

async function agent({ ambient, wire }: Bench, user: string, host: string, protocol: 'udp' | 'tcp' = 'udp'): Promise<UserAgent> {
  const transport = wire.transport({ host, port: 5060, protocol });
  const created = createUserAgent({ ambient, transport, user, proxy: primary, password: 'secret' });
  await created.start();
  return created;
}

/** Registers a party and lets the world settle. */
async function registered(bench: Bench, user: string, host: string, protocol: 'udp' | 'tcp' = 'udp'): Promise<UserAgent> {
  const party = await agent(bench, user, host, protocol);
  const status = party.register(3_600);
  await bench.ambient.settle();
  expect(await status).toBe(200);
  return party;
}

describe('the proxy', () => {
  test('carries a call between two registered parties to its end', async () => {
    for (const settings of [{ registerAuth: false }, { registerAuth: false, recordRoute: true }]) {
      const bench = await createBench({ settings });
      const [alice, bob] = [await registered(bench, '1001', '10.0.0.11'), await registered(bench, '1002', '10.0.0.12')];
      bob.expect({ ringAfterMs: 100, answerAfterMs: 2_000 });
      const call = alice.call('1002');
      await bench.ambient.runFor(1_000);
      expect(call.state).toBe('ringing');
      await bench.ambient.runFor(1_500);
      expect([call.state, call.upAtMs, bob.calls[0]?.acknowledged]).toEqual(['up', 2_000, true]);
      call.hangUp();
      await bench.ambient.runFor(100);
      expect([call.ending, bob.calls[0]?.ending]).toEqual(['here', 'there']);
      const byes = bench.wire.requests({ method: 'BYE', to: '10.0.0.12' });
      expect(byes.map(({ from }) => from.host)).toEqual([settings.recordRoute === true ? '10.0.0.1' : '10.0.0.11']);
      await Promise.all([alice.stop(), bob.stop(), bench.registrar.stop()]);
      expect(bench.ambient.pendingTimers).toBe(0);
    }
  });

  test('carries the far side’s BYE along the recorded route', async () => {
    const bench = await createBench({ settings: { registerAuth: false, recordRoute: true } });
    const [alice, bob] = [await registered(bench, '1001', '10.0.0.11'), await registered(bench, '1002', '10.0.0.12')];
    bob.expect({ hangUpAfterMs: 5_000 });
    const call = alice.call('1002');
    await bench.ambient.runFor(10_000);
    expect([call.ending, call.endedAtMs]).toEqual(['there', 5_000]);
    expect(bench.wire.requests({ method: 'BYE' }).map(({ to }) => to.host)).toEqual(['10.0.0.1', '10.0.0.11']);
  });

  test('reaches a party on TCP over the connection it registered by', async () => {
    const bench = await createBench(open);
    const [alice, bob] = [await registered(bench, '1001', '10.0.0.11'), await registered(bench, '1002', '10.0.0.12', 'tcp')];
    const call = alice.call('1002');
    await bench.ambient.runFor(1_000);
    expect([call.state, bob.calls[0]?.state]).toEqual(['up', 'up']);
    expect(bench.wire.connections).toBe(1);
  });

  test('passes a CANCEL and the 487 with its ACK', async () => {
    const bench = await createBench(open);
    const [alice, bob] = [await registered(bench, '1001', '10.0.0.11'), await registered(bench, '1002', '10.0.0.12')];
    bob.expect({ answerAfterMs: undefined });
    const call = alice.call('1002');
    await bench.ambient.runFor(3_000);
    call.hangUp();
    await bench.ambient.runFor(60_000);
    expect([call.statuses, call.ending, bob.calls[0]?.ending]).toEqual([[180, 487], 'here', 'there']);
    expect(bench.wire.requests({ method: 'ACK', to: '10.0.0.12' })).toHaveLength(1);
    expect(bench.wire.responses({ status: 487, from: '10.0.0.12' })).toHaveLength(1);
  });

  test('delivers rejections', async () => {
    const bench = await createBench(open);
    const [alice, bob] = [await registered(bench, '1001', '10.0.0.11'), await registered(bench, '1002', '10.0.0.12')];
    bob.expect({ status: 486, answerAfterMs: 500 });
    const call = alice.call('1002');
    await bench.ambient.runFor(1_000);
    expect([call.statuses, call.ending]).toEqual([[180, 486], 'rejected']);
  });

  test('answers 480 for its own user without a binding and 404 for a stranger', async () => {
    const bench = await createBench(open);
    const alice = await registered(bench, '1001', '10.0.0.11');
    const [absent, stranger] = [alice.call('1009'), alice.call('nobody')];
    await bench.ambient.runFor(1_000);
    expect([absent.statuses, stranger.statuses]).toEqual([[480], [404]]);
  });

  test('reaches attached parties, and carries other requests', async () => {
    const bench = await createBench(open);
    const [alice, desk] = [await registered(bench, '1001', '10.0.0.11'), await agent(bench, '2001', '10.0.0.21')];
    bench.registrar.attach('2001', desk.address);
    const status = alice.request('MESSAGE', '2001', [], new TextEncoder().encode('hello'));
    await bench.ambient.runFor(100);
    expect(await status).toBe(200);
    expect(desk.received.map(({ request }) => [request.method, new TextDecoder().decode(request.body)])).toEqual([
      ['MESSAGE', 'hello'],
    ]);
  });

  test('challenges new calls of its users when told to, not those of attached parties', async () => {
    const bench = await createBench({ settings: { registerAuth: false, inviteAuth: true } });
    const [alice, desk] = [await registered(bench, '1001', '10.0.0.11'), await agent(bench, '2001', '10.0.0.21')];
    bench.registrar.attach('2001', desk.address);
    const [out, back] = [alice.call('2001'), desk.call('1001')];
    await bench.ambient.runFor(1_000);
    expect([out.state, back.state]).toEqual(['up', 'up']);
    expect(bench.registrar.seen({ method: 'INVITE', user: '1001' }).map(({ status, auth }) => [status, auth])).toEqual([
      [407, 'missing'],
      [undefined, 'ok'],
    ]);
    expect(bench.registrar.seen({ method: 'INVITE', user: '2001' }).map(({ auth }) => auth)).toEqual(['none']);
  });

  test('refuses a request that has travelled too far', async () => {
    const bench = await createBench(open);
    const phone = await bench.client();
    const request = new TextDecoder().decode(phone.write('MESSAGE', { uri: 'sip:1002@10.0.0.1' }));
    phone.send(new TextEncoder().encode(request.replace('Max-Forwards: 70', 'Max-Forwards: 0')));
    await bench.ambient.settle();
    expect(phone.responses.map(({ status }) => status)).toEqual([483]);
  });

  test('sends one request on with one branch, however often it is repeated', async () => {
    const bench = await createBench(open);
    await registered(bench, '1002', '10.0.0.12');
    const phone = await bench.client();
    const request = phone.write('MESSAGE', { uri: 'sip:1002@10.0.0.1' });
    phone.send(request);
    phone.send(request);
    await bench.ambient.settle();
    const branches = bench.wire.requests({ method: 'MESSAGE', to: '10.0.0.12' }).map(({ message }) => message.via.branch);
    expect(branches).toHaveLength(2);
    expect(new Set(branches).size).toBe(1);
    expect(phone.responses.map(({ status }) => status)).toEqual([200, 200]);
  });
});

describe('a scripted party', () => {
  test('sends the same INVITE by several proxies', async () => {
    const bench = await createBench(open);
    const [alice, bob] = [await agent(bench, '1001', '10.0.0.11'), await registered(bench, '1002', '10.0.0.12')];
    bob.expect({ answerAfterMs: 1_000 });
    const call = alice.call('sip:1002@10.0.0.1', { proxies: [primary, { host: '10.0.0.12', port: 5060 }] });
    await bench.ambient.runFor(2_000);
    const sent = bench.wire.requests({ method: 'INVITE', from: '10.0.0.11' }).map(({ message }) => message);
    expect(new Set(sent.map(({ callId, cseq, from }) => `${callId} ${cseq.number} ${from.params.get('tag')}`)).size).toBe(1);
    expect(new Set(sent.map(({ via }) => via.branch)).size).toBe(2);
    expect([...call.statuses].sort()).toEqual([180, 200, 482]);
    expect(call.state).toBe('up');
  });

  test('repeats its 2xx until the ACK, and gives up in the end', async () => {
    const bench = await createBench(open);
    const bob = await registered(bench, '1002', '10.0.0.12');
    const phone = await bench.client();
    phone.send(phone.write('INVITE', { uri: 'sip:1002@10.0.0.1', contact: '<sip:1001@10.0.0.9:5060>' }));
    await bench.ambient.runFor(40_000);
    const instants = bench.wire.responses({ status: 200, method: 'INVITE', from: '10.0.0.12' }).map(({ atMs }) => atMs);
    expect(instants).toEqual([0, 500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500]);
    expect(bob.calls[0]?.ending).toBe('no-response');
    expect(phone.requests.map(({ method }) => method)).toContain('BYE');
  });

  test('reports 408 and 503 when nobody answers', async () => {
    const bench = await createBench(open);
    const alice = await agent(bench, '1001', '10.0.0.11');
    bench.wire.silence('10.0.0.1');
    const silent = alice.register(60);
    await bench.ambient.runFor(20_000);
    bench.wire.heal();
    bench.wire.refuse('10.0.0.1');
    const refused = alice.register(60);
    await bench.ambient.runFor(1_000);
    expect([await silent, await refused]).toEqual([408, 503]);
  });

  test('sends requests inside its calls', async () => {
    const bench = await createBench(open);
    const [alice, bob] = [await registered(bench, '1001', '10.0.0.11'), await registered(bench, '1002', '10.0.0.12')];
    const call = alice.call('1002');
    await bench.ambient.runFor(100);
    const outcomes = Promise.all([call.request('INFO'), bob.calls[0]?.request('INVITE')]);
    await bench.ambient.runFor(100);
    expect(await outcomes).toEqual([200, 200]);
  });
});
