import { parseRuntimeConfig, type RuntimeInput } from '@offhook/core';
import { describe, expect, test } from 'vitest';
import { createFleetCounter, multiplyLines, outcomeOf, playScenario, readDrill, type Timeline } from '../../src/index.ts';

const dual: RuntimeInput = {
  lines: [
    {
      userId: '1001',
      password: 'secret',
      proxy: 'sip-a.example.net',
      alternateProxy: 'sip-b.example.net:5070',
      dualRegistration: true,
      registerExpires: 300,
    },
  ],
};

async function play(config: RuntimeInput, script: string, more = ''): Promise<Timeline> {
  const { drill, findings } = readDrill({ name: 'drill', text: `${more}\nscript:\n${script}` });
  expect(findings).toEqual([]);
  if (drill === undefined) throw new Error('no drill');
  return playScenario({ config: parseRuntimeConfig(config), scenario: drill.scenario });
}

const outage = `
  - { at: 100, server: S1, is: silent, for: 800 }
  - { at: 120, call: 1001, for: 20 }
  - { at: 400, call: 1001, for: 20 }
`;

describe('a drill of a dual line', () => {
  test('names servers after the configuration and tells where calls went, to the millisecond', async () => {
    const timeline = await play(dual, outage, 'until: 1000');
    expect(timeline.servers.map(({ name, host }) => [name, host])).toEqual([
      ['S1', 'sip-a.example.net'],
      ['S2', 'sip-b.example.net'],
    ]);
    const { lines, servers } = outcomeOf(timeline);
    expect(servers[0]?.spans).toEqual([
      { fromS: 0, toS: 100, state: 'up' },
      { fromS: 100, toS: 900, state: 'silent' },
      { fromS: 900, toS: 1_000, state: 'up' },
    ]);
    // Refresh at (300 - 16) * 0.78 = 221.52 s; given up 16 s later.
    expect(lines[0]?.route.map(({ state, fromS }) => [state, fromS])).toEqual([
      ['S1', 0],
      ['S2', 237.52],
      ['S1', 911.52],
    ]);
    expect(lines[0]?.calls.map(({ atS, upS, servers: tried }) => [atS, upS, tried])).toEqual([
      [120, 136, ['S1', 'S2']],
      [400, 400, ['S2']],
    ]);
    expect(lines[0]?.unreachable).toEqual([]);
  });

  test('is the same to the byte for the same seed', async () => {
    const config = { ...dual, phone: { regRetryRandomDelay: 20 } };
    const [one, same] = [await play(config, outage), await play(config, outage)];
    expect(JSON.stringify(same)).toBe(JSON.stringify(one));
    const other = await play(config, outage, 'seed: another');
    expect(JSON.stringify(other)).not.toBe(JSON.stringify(one));
  });

  test('answers with a code until the time is over; the call fails where no template asks for more', async () => {
    const timeline = await play(
      dual,
      '  - { at: 10, server: S1, answers: 503, to: INVITE, for: 10 }\n  - { at: 15, call: 1001 }\n  - { at: 30, call: 1001, for: 5 }\n',
    );
    expect(outcomeOf(timeline).lines[0]?.calls.map(({ failure, upS }) => [failure, upS])).toEqual([
      ['503', undefined],
      [undefined, 30],
    ]);
  });

  test('is called by way of a server, and answers', async () => {
    const timeline = await play(dual, '  - { at: 10, callIn: 1001, by: S2, answeredAfter: 2, for: 5 }\n');
    expect(outcomeOf(timeline).lines[0]?.calls).toEqual([
      { call: 'c1', direction: 'incoming', atS: 10, upS: 12, endS: 17, servers: ['S2'] },
    ]);
  });

  test('comes back after a power cut: with a state folder it goes on, without one it begins anew', async () => {
    const registers = async (config: RuntimeInput): Promise<number> => {
      const { entries } = await play(config, '  - { at: 50, powerCut: true, for: 10 }\n', 'until: 100');
      return entries.filter(
        (entry) =>
          entry.lane === 'wire' &&
          entry.method === 'REGISTER' &&
          entry.direction === 'out' &&
          entry.status === undefined &&
          entry.atS >= 50,
      ).length;
    };
    expect(await registers(dual)).toBe(4);
    expect(await registers({ ...dual, state: { folder: 'kept' } })).toBe(0);
  });

  test('cannot find a server by name while the name server is down', async () => {
    const timeline = await play(dual, '  - { at: 0, dns: down }\n  - { at: 40, dns: up }\n', 'until: 100');
    const states = outcomeOf(timeline).lines[0]?.legs[0]?.spans.map(({ state, fromS }) => [state, fromS]);
    expect(states?.at(-1)).toEqual(['registered', 60]);
  });

  test('takes addresses from a zone', async () => {
    const zone =
      'servers: { west: 10.1.0.1, east: 10.1.0.2 }\nzone: ["sip-a.example.net 60 A 10.1.0.1", "sip-b.example.net 60 A 10.1.0.2"]';
    const timeline = await play(dual, '  - { at: 1, call: 1001, for: 1 }\n', zone);
    expect(timeline.servers.map(({ name }) => name)).toEqual(['west', 'east']);
    expect(timeline.entries.some((entry) => entry.lane === 'wire' && entry.method === 'INVITE' && entry.server === 'west')).toBe(
      true,
    );
  });

  test('loses packets on a bad network and says so', async () => {
    const timeline = await play(dual, '  - { at: 0, network: { loss: 0.5, delayMs: 20 } }\n', 'until: 60');
    expect(timeline.entries.some((entry) => entry.lane === 'wire' && entry.dropped === 'loss')).toBe(true);
  });
});

describe('a drill of a list line', () => {
  const list = (autoRegisterWhenFailover: boolean): RuntimeInput => ({
    lines: [
      {
        userId: '1001',
        password: 'x',
        proxy: 'l.example:SRV=10.0.0.1:p=0|10.0.0.2:p=1',
        registerExpires: 600,
        autoRegisterWhenFailover,
      },
    ],
  });
  const silent = '  - { at: 100, server: S1, is: silent }\n  - { at: 200, call: 1001, for: 5 }\n';

  test.each([
    [
      true,
      [
        ['S1', 0],
        ['S2', 216],
      ],
      [[100, 216]],
    ],
    [false, [['S1', 0]], [[100, 300]]],
  ] as const)('tells where the registration is, beside where calls go (AR = %s)', async (ar, held, unreachable) => {
    const [line] = outcomeOf(await play(list(ar), silent, 'until: 300')).lines;
    expect(line?.route.map(({ state, fromS }) => [state, fromS])).toEqual([
      ['S1', 0],
      ['S2', 216],
    ]);
    const spans = line?.legs[0]?.spans.filter(({ state }) => state === 'registered') ?? [];
    expect(spans.map(({ server, fromS }) => [server, fromS])).toEqual(held);
    expect(line?.unreachable.map(({ fromS, toS }) => [fromS, toS])).toEqual(unreachable);
  });
});

describe('a fleet', () => {
  test('is counted: REGISTERs by the second, registrations held, the way back', async () => {
    const config = parseRuntimeConfig(dual);
    const lines = multiplyLines(config.lines, 50);
    expect(new Set(lines.map(({ id }) => id)).size).toBe(50);
    const { drill } = readDrill({ name: 'drill', text: `until: 1200\nscript:${outage.split('\n  - { at: 120')[0]}\n` });
    if (drill === undefined) throw new Error('no drill');
    const counter = createFleetCounter(lines.length);
    const timeline = await playScenario({ config: { ...config, lines }, scenario: drill.scenario, onEntry: counter.add });
    expect(timeline.entries).toEqual([]);
    const { registers, held } = counter.result();
    expect(registers.find(({ server }) => server === 'S1')?.perSecond[0]).toEqual([0, 100]);
    const atS1 = held.find(({ server }) => server === 'S1')?.perSecond;
    expect(atS1).toEqual([
      [0, 50],
      [300, 0],
      [911, 50],
    ]);
  });
});
