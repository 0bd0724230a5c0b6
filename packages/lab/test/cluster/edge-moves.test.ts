import type { Runtime } from '@offhook/runtime';
import { describe, expect, test } from 'vitest';
import { type ClusterWorld, playCluster, rulesOf } from './edge-world.ts';

/* The edge of a line ends, or begins a new life: D-46, D-48; RFC 3261 sections 10.2.2, 10.3. */

interface Stage {
  readonly edge: Runtime;
  readonly lines: Runtime;
}

async function registered(world: ClusterWorld): Promise<Stage> {
  const edge = await world.edge('e1');
  await world.edge('e2');
  const lines = await world.host('e1');
  await world.run(100);
  return { edge, lines };
}

/** The edge of the line is gone at 100 s; at 110 s the line is told of another one. */
async function moves(world: ClusterWorld): Promise<Stage> {
  const stage = await registered(world);
  await world.kill(stage.edge);
  await world.run(10);
  stage.lines.useEdge('e2');
  await world.run(1);
  return stage;
}

const contacts = ({ registrar }: ClusterWorld): readonly string[] =>
  registrar.bindings('1001').map(({ contact }) => /@([^:;]+)/.exec(contact)?.[1] ?? '');
const callIds = ({ registrar }: ClusterWorld): number =>
  new Set(registrar.seen({ method: 'REGISTER' }).map(({ callId }) => callId)).size;

describe('another edge', () => {
  test.each(['UDP', 'TCP'] as const)(
    'takes over a binding over %s with one REGISTER that removes the old Contact',
    (sipTransport) =>
      playCluster({ sipTransport }, async (world) => {
        const { lines } = await moves(world);
        expect(world.registers(101)).toEqual([[110, 'e2', 3, 'e2 e1;expires=0']]);
        expect(contacts(world)).toEqual(['10.0.0.12']);
        expect(callIds(world)).toBe(1);
        expect(rulesOf(world, 110)).toEqual(['D-46:edge edge', 'D-46:edge register', '6.1:reg.ok refreshed']);
        const named = world.decisions(110).filter(({ rule }) => rule === 'D-46:edge');
        expect(named.map(({ inputs }) => inputs)).toEqual([
          { was: 'e1', is: 'e2' },
          { was: 'e1', is: 'e2' },
        ]);
        // The next ones say nothing of the old edge, and calls arrive at the new one.
        const call = world.party.call('1001');
        await world.run(1);
        expect(call.state).toBe('ringing');
        call.hangUp();
        await world.run(2_800);
        expect(world.registers(111).map(([, edge, , named]) => [edge, named])).toEqual([['e2', 'e2']]);
        await world.until(lines.stop());
        expect(world.registrar.bindings('1001')).toEqual([]);
      }),
  );

  test('is asked again when the first REGISTER there meets silence, with the old Contact still in it', () =>
    playCluster({}, async (world) => {
      const { edge, lines } = await registered(world);
      await world.kill(edge);
      world.registrar.silence('REGISTER');
      lines.useEdge('e2');
      await world.run(40);
      world.registrar.clear();
      await world.run(40);
      expect(world.registers(100).at(-1)?.slice(1)).toEqual(['e2', 4, 'e2 e1;expires=0']);
      expect(contacts(world)).toEqual(['10.0.0.12']);
    }));

  test('takes a REGISTER that was on its way through the old one', () =>
    playCluster({}, async (world) => {
      const first = await world.edge('e1');
      await world.edge('e2');
      world.registrar.silence('REGISTER');
      const lines = await world.host('e1');
      await world.run(1);
      await world.kill(first);
      world.registrar.clear();
      lines.useEdge('e2');
      await world.run(1);
      expect(world.registers(1).map(([, edge, , named]) => [edge, named])).toEqual([
        ['e2', 'e2'],
        ['e2', 'e2'],
      ]);
      expect(contacts(world)).toEqual(['10.0.0.12']);
    }));

  test('is found by the host that takes the line over when both have ended', () =>
    playCluster({}, async (world) => {
      const { edge, lines } = await registered(world);
      await world.kill(edge);
      await world.kill(lines);
      await world.host('e2');
      await world.run(1);
      expect(world.registers(100)).toEqual([
        [100, 'e2', 103, 'e2 e1;expires=0'],
        [100, 'e2', 104, 'e2 e1;expires=0'],
      ]);
      expect(callIds(world)).toBe(1);
      expect(contacts(world)).toEqual(['10.0.0.12']);
      expect(world.decisions(100).find(({ rule }) => rule === 'D-46:edge')?.inputs).toEqual({ was: 'e1', is: 'e2' });
    }));

  test.each(['UDP', 'TCP'] as const)(
    'takes over both registrations of a dual line over %s, each with its own Call-ID',
    (sipTransport) =>
      playCluster({ sipTransport, alternateProxy: '10.0.0.2', dualRegistration: true }, async (world) => {
        await moves(world);
        expect(world.registers(101)).toEqual([[110, 'e2', 3, 'e2 e1;expires=0']]);
        expect(world.registers(101, world.alternate)).toEqual([[110, 'e2', 3, 'e2 e1;expires=0']]);
      }),
  );

  test.each(['UDP', 'TCP'] as const)(
    'takes over a list over %s where its registration is; the other server hears nothing',
    (sipTransport) =>
      playCluster({ sipTransport, proxy: 'world.example:SRV=s1:p=0:A=10.0.0.1|s2:p=1:A=10.0.0.2' }, async (world) => {
        const { lines } = await moves(world);
        expect(world.registers(101)).toEqual([[110, 'e2', 3, 'e2 e1;expires=0']]);
        expect(world.registers(0, world.alternate)).toEqual([]);
        expect(lines.lines()[0]).toMatchObject({ route: 'onTop', legs: [{ state: 'up', usable: true }] });
        // A failover names the new Contact alone: the next server never had the old one.
        world.registrar.silence();
        await world.run(2_850);
        expect(world.registers(111, world.alternate).map(([, edge, , named]) => [edge, named])).toContainEqual(['e2', 'e2']);
        world.registrar.clear();
        await world.run(120);
      }),
  );

  test('fails a request that waited for its answer over a connection of the old one, at once', () =>
    playCluster({ sipTransport: 'TCP' }, async (world) => {
      const { edge, lines } = await registered(world);
      world.registrar.silence('MESSAGE');
      const answer = lines.command('1001', 'message', { target: '2000', text: 'hello' });
      await world.run(1);
      await world.kill(edge);
      lines.useEdge('e2');
      const beganMs = world.ambient.now();
      expect(await world.until(answer)).toMatchObject({ ok: false });
      expect(world.ambient.now()).toBe(beganMs);
      await world.run(1);
    }));

  test('is told to the server of a mailbox subscription', () =>
    playCluster({ voiceMailServer: '10.0.0.1' }, async (world) => {
      const { edge, lines } = await registered(world);
      expect(lines.lines()[0]?.subscriptions).toMatchObject([{ state: 'active' }]);
      await world.kill(edge);
      lines.useEdge('e2');
      await world.run(1);
      const asked = world.registrar.seen({ method: 'SUBSCRIBE', repeated: false, sinceMs: 100_000 });
      expect(asked.at(-1)?.contact).toContain('10.0.0.12');
      expect(asked.every(({ request }) => request.to.params.has('tag'))).toBe(true);
    }));

  test.each(['UDP', 'TCP'] as const)('ends a call over %s, whose far side knows the old one, with a BYE', (sipTransport) =>
    playCluster({ sipTransport }, async (world) => {
      const { edge, lines } = await registered(world);
      await world.until(lines.command('1001', 'call', { target: '2000' }));
      await world.run(1);
      expect(world.party.calls[0]?.state).toBe('up');
      const ended: unknown[] = [];
      lines.onFact(({ kind, value }) => kind === 'call' && ended.push(value));
      await world.kill(edge);
      lines.useEdge('e2');
      await world.run(1);
      expect(ended).toMatchObject([{ state: 'ended', reason: 'edge-lost' }]);
      expect(world.party.calls[0]).toMatchObject({ state: 'ended', ending: 'there' });
      await world.run(40);
    }),
  );

  test('ends a call that rings', () =>
    playCluster({}, async (world) => {
      const { edge, lines } = await registered(world);
      world.party.expect({ answerAfterMs: undefined });
      await world.until(lines.command('1001', 'call', { target: '2000' }));
      const incoming = world.party.call('1001');
      await world.run(1);
      expect(lines.lines()[0]?.calls).toHaveLength(2);
      const ended: unknown[] = [];
      lines.onFact(({ kind, value }) => kind === 'call' && ended.push(value));
      await world.kill(edge);
      lines.useEdge('e2');
      await world.run(1);
      expect(ended).toMatchObject([{ reason: 'edge-lost' }, { reason: 'edge-lost' }]);
      incoming.hangUp();
      await world.run(300);
    }));

  test('ends a call of a line that registers nowhere', () =>
    playCluster({ register: false }, async (world) => {
      const { edge, lines } = await registered(world);
      await world.until(lines.command('1001', 'call', { target: '2000' }));
      await world.run(1);
      await world.kill(edge);
      lines.useEdge('e2');
      await world.run(1);
      expect(world.party.calls[0]).toMatchObject({ state: 'ended', ending: 'there' });
      expect(world.registers()).toEqual([]);
      await world.run(40);
    }));
});

describe('a new life of the same edge', () => {
  async function reborn(world: ClusterWorld): Promise<Stage> {
    const { edge, lines } = await registered(world);
    await world.kill(edge);
    await world.run(5);
    const again = await world.edge('e1');
    lines.useEdge('e1');
    await world.run(1);
    return { edge: again, lines };
  }

  test('needs nothing over UDP: the Contact is the same', () =>
    playCluster({}, async (world) => {
      await reborn(world);
      expect(world.registers(101)).toEqual([]);
      expect(rulesOf(world, 101)).toEqual(['D-46:edge edge']);
      const call = world.party.call('1001');
      await world.run(1);
      expect(call.state).toBe('ringing');
      call.hangUp();
      await world.run(2_800);
      expect(world.registers(101)).toHaveLength(1);
    }));

  test('is a lost connection over TCP: the line registers at once (D-48)', () =>
    playCluster({ sipTransport: 'TCP' }, async (world) => {
      await reborn(world);
      expect(world.registers(101)).toEqual([[105, 'e1', 3, 'e1']]);
      expect(rulesOf(world, 105).slice(0, 2)).toEqual(['D-46:edge edge', 'D-48:disconnect register']);
    }));

  test('keeps a call over UDP', () =>
    playCluster({}, async (world) => {
      const { edge, lines } = await registered(world);
      await world.until(lines.command('1001', 'call', { target: '2000' }));
      await world.run(1);
      await world.kill(edge);
      await world.edge('e1');
      lines.useEdge('e1');
      await world.run(1);
      expect(lines.lines()[0]?.calls).toMatchObject([{ state: 'up' }]);
      world.party.calls[0]?.hangUp();
      await world.run(40);
      expect(lines.lines()[0]?.calls).toEqual([]);
    }));
});
