import { describe, expect, it } from 'vitest';
import { defaultEdgeLimits, sourceOf } from '../src/limits.ts';
import { somebody } from './support/fake-transport.ts';
import { request, response } from './support/messages.ts';
import { anna, createWorld, type World } from './support/world.ts';

/* Who is heard, and how much of him (design section 10). */

const arrive = (world: World, host: string, times = 1): void => {
  for (let n = 0; n < times; n++) world.udp.arrive(response(anna), { host, port: 5060 });
};
const dropping = { limits: { strangers: 'drop' } } as const;

describe('a stranger', () => {
  it('is dropped and counted where nothing else is said, answered nothing', async () => {
    expect(defaultEdgeLimits.strangers).toBe('drop');
    const { edge, udp, rest } = await createWorld(dropping);
    udp.arrive(request());
    udp.arrive('no SIP at all');
    await rest();
    expect(edge.stats()).toMatchObject({ received: 2, droppedStranger: 2, answered: 0, unparsable: 0 });
    expect(udp.sent).toEqual([]);
  });

  it('is nobody a line has an open flow to', async () => {
    const world = await createWorld(dropping);
    arrive(world, '192.0.2.1');
    const { flow } = await world.flow({ host: '192.0.2.1' });
    arrive(world, '192.0.2.1');
    await world.close(flow);
    arrive(world, '192.0.2.1');
    expect(world.edge.stats()).toMatchObject({ received: 3, delivered: 1, droppedStranger: 2 });
  });

  it('is nobody who bears the name that a flow was opened to (RFC 3263 section 4.2)', async () => {
    const world = await createWorld(dropping);
    world.names.set('pbx.example', [{ host: '192.0.2.11' }, { host: '192.0.2.12' }]);
    const { flow, remote } = await world.flow({ host: 'pbx.example' });
    expect(remote.host).toBe('192.0.2.11');
    arrive(world, '192.0.2.12');
    arrive(world, '192.0.2.13');
    await world.close(flow);
    arrive(world, '192.0.2.12');
    expect(world.edge.stats()).toMatchObject({ delivered: 1, droppedStranger: 2 });
  });

  it('is no server of the configuration, though no flow is open yet: a resumed line has bindings and sends nothing', async () => {
    const servers = [
      { host: '192.0.2.21', port: undefined, protocol: 'udp' as const },
      { host: '2001:DB8::0:1', port: 5060, protocol: 'udp' as const },
    ];
    const world = await createWorld({ ...dropping, servers });
    await world.rest();
    for (const host of ['192.0.2.21', '2001:db8::1', '192.0.2.22']) arrive(world, host);
    expect(world.edge.stats()).toMatchObject({ delivered: 2, droppedStranger: 1 });
  });

  it('is no server that DNS names now, found by SRV as lines find it and again when the answer ends', async () => {
    const servers = [{ host: 'pbx.example', port: undefined, protocol: 'auto' as const, srv: true }];
    const world = await createWorld({ ...dropping, servers, isUnstarted: true });
    const name = (...hosts: string[]): void => {
      world.names.set(
        'pbx.example',
        hosts.map((host) => ({ host, validUntilMs: world.ambient.now() + 90_000 })),
      );
    };
    name('192.0.2.31', '192.0.2.32');
    await world.edge.start();
    await world.rest();
    for (const host of ['192.0.2.31', '192.0.2.32', '192.0.2.33']) arrive(world, host);
    expect(world.edge.stats()).toMatchObject({ delivered: 2, droppedStranger: 1 });
    name('192.0.2.32', '192.0.2.33');
    await world.ambient.advance(90_000);
    for (const host of ['192.0.2.31', '192.0.2.32', '192.0.2.33']) arrive(world, host);
    expect(world.edge.stats()).toMatchObject({ delivered: 4, droppedStranger: 2 });
    expect(world.asked).toMatchObject([servers[0], servers[0]]);
    await world.edge.stop();
    await world.ambient.advance(900_000);
    expect(world.asked).toHaveLength(2);
  });

  it('is whoever another configuration leaves out, and no server that it adds', async () => {
    const at = (host: string) => ({ host, port: undefined, protocol: 'udp' as const });
    const servers = [at('192.0.2.21'), at('pbx.example')];
    const world = await createWorld({ ...dropping, servers, trusted: ['198.51.100.1'], isUnstarted: true });
    world.names.set('pbx.example', [{ host: '192.0.2.31', validUntilMs: world.ambient.now() + 90_000 }]);
    world.names.set('new.example', [{ host: '192.0.2.31' }, { host: '192.0.2.32' }]);
    await world.edge.start();
    await world.rest();
    const hear = async (): Promise<readonly string[]> => {
      const before = world.told.length;
      for (const host of ['192.0.2.21', '192.0.2.22', '192.0.2.31', '192.0.2.32', '198.51.100.1', '198.51.100.2'])
        arrive(world, host);
      await world.rest();
      return world.told.slice(before).map(({ message }) => message.headers.remote?.split(':')[0] ?? '');
    };
    expect(await hear()).toEqual(['192.0.2.21', '192.0.2.31', '198.51.100.1']);
    world.edge.know([at('192.0.2.22'), at('new.example')]);
    await world.rest();
    expect(await hear()).toEqual(['192.0.2.22', '192.0.2.31', '192.0.2.32', '198.51.100.1']);
    world.edge.know([at('192.0.2.21')], ['198.51.100.2']);
    expect(await hear()).toEqual(['192.0.2.21', '198.51.100.2']);
    // Names that are gone are asked for no longer, and one that is forgotten while it is looked for stays so.
    world.edge.know([at('new.example')]);
    world.edge.know([]);
    await world.ambient.advance(900_000);
    expect(await hear()).toEqual(['198.51.100.2']);
    expect(world.asked.map(({ host }) => host)).toEqual(['pbx.example', 'new.example', 'new.example']);
  });

  it('is nobody in a trusted network', async () => {
    const world = await createWorld({ ...dropping, trusted: ['198.51.100.0/24', '2001:db8::/32'] });
    for (const host of ['198.51.100.200', '2001:db8:1::5', '198.51.101.1', '2001:db9::5']) arrive(world, host);
    expect(world.edge.stats()).toMatchObject({ delivered: 2, droppedStranger: 2 });
  });

  it('loses his connection with his first message, so that he holds no place', async () => {
    const world = await createWorld(dropping);
    const flow = world.tcp.arrive(response(anna));
    world.udp.arrive(response(anna));
    expect(world.tcp.closed).toEqual([flow]);
    expect(world.udp.closed).toEqual([]);
  });
});

describe('a stranger who has a Contact of ours', () => {
  const bye = request({ method: 'BYE', uri: `sip:x@192.0.2.99;line=${anna}` });
  const byeOf = (world: World, host: string, text = bye): void => void world.udp.arrive(text, { host, port: 5060 });

  it('is dropped like any other, but the log says whom to trust, once a minute', async () => {
    const world = await createWorld(dropping);
    byeOf(world, '192.0.2.50');
    byeOf(world, '192.0.2.51');
    await world.ambient.advance(60_000);
    byeOf(world, '192.0.2.52');
    expect(world.ambient.warnings).toEqual([
      [expect.stringContaining('add it to edge.trusted'), { from: '192.0.2.50' }],
      [expect.stringContaining('add it to edge.trusted'), { from: '192.0.2.52' }],
    ]);
    expect(world.edge.stats()).toMatchObject({ droppedStranger: 3, delivered: 0 });
  });

  it('is looked for ten times a second at most, however many send', async () => {
    const world = await createWorld(dropping);
    byeOf(world, '192.0.2.50', 'no SIP at all');
    byeOf(world, '192.0.2.50');
    expect(world.ambient.warnings).toEqual([]);
    await world.ambient.advance(100);
    byeOf(world, '192.0.2.50');
    expect(world.ambient.warnings).toHaveLength(1);
  });

  it('is not one who answers, nor one who asks for a line that nobody runs', async () => {
    const world = await createWorld({ ...dropping, isDeaf: true });
    arrive(world, '192.0.2.50');
    await world.ambient.advance(100);
    byeOf(world, '192.0.2.50');
    expect(world.ambient.warnings).toEqual([]);
  });
});

describe('rates', () => {
  it('of one accepted stranger are bounded and fill up again; those of servers are not', async () => {
    const world = await createWorld({ limits: { perSourceBurst: 3, perSourcePerS: 1 } });
    arrive(world, '192.0.2.50', 5);
    arrive(world, '192.0.2.51');
    expect(world.edge.stats()).toMatchObject({ delivered: 4, droppedRate: 2 });
    await world.ambient.advance(2_000);
    arrive(world, '192.0.2.50', 3);
    expect(world.edge.stats()).toMatchObject({ delivered: 6, droppedRate: 3 });
    await world.flow({ host: '192.0.2.50' });
    arrive(world, '192.0.2.50', 10);
    expect(world.edge.stats()).toMatchObject({ delivered: 16, droppedRate: 3 });
  });

  it('of all strangers together are bounded: a forged source each helps nothing', async () => {
    const world = await createWorld({ limits: { totalBurst: 20, totalPerS: 10 } });
    for (let n = 0; n < 100; n++) arrive(world, `203.0.113.${n}`);
    expect(world.edge.stats()).toMatchObject({ delivered: 20, droppedTotalRate: 80 });
    await world.ambient.advance(1_000);
    for (let n = 0; n < 100; n++) arrive(world, `203.0.113.${n}`);
    expect(world.edge.stats()).toMatchObject({ delivered: 30, droppedTotalRate: 170 });
  });

  it('of one server are bounded where so configured, each on its own', async () => {
    const world = await createWorld({ limits: { perServerPerS: 5 }, trusted: [somebody.host, '192.0.2.2'] });
    arrive(world, somebody.host, 15);
    arrive(world, '192.0.2.2', 5);
    expect(world.edge.stats()).toMatchObject({ delivered: 15, droppedServerRate: 5 });
  });

  it('are kept for a bounded number of sources', async () => {
    const world = await createWorld({ limits: { perSourceBurst: 1, perSourcePerS: 1, maxSources: 10 } });
    for (let n = 0; n < 11; n++) arrive(world, `203.0.113.${n}`);
    arrive(world, '203.0.113.10');
    arrive(world, '203.0.113.0');
    expect(world.edge.stats()).toMatchObject({ delivered: 12, droppedRate: 1 });
  });

  it.each([
    ['2001:db8:1:2:aaaa::1', '2001:db8:1:2:bbbb::2', true],
    ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
    ['192.0.2.1', '192.0.2.2', false],
  ])('%s and %s are one source: %s (RFC 6177)', (one, other, same) => {
    expect(sourceOf(one) === sourceOf(other)).toBe(same);
  });
});
