import type { Mechanism } from '@offhook/core';
import { describe, expect, test } from 'vitest';
import { createWorld, dualLine, singleLine, type World, type WorldOptions } from '../../src/index.ts';
import { createThirdParty } from './third-party.ts';

/* The policy registry at run time: architecture section 6, redundancy 3.11, D-11. */

async function story(options: WorldOptions, act: (world: World) => Promise<void>): Promise<void> {
  const world = await createWorld(options);
  await world.party('2000');
  await world.run(1);
  await act(world);
  await world.stop();
}

const refused = (world: World) => world.decisions().filter(({ about }) => about === 'policy');
const rules = (world: World): readonly string[] => world.decisions().map(({ rule }) => rule);
const message = (world: World): Promise<unknown> => world.line().command('message', { target: '2000', text: 'hello' });
const homing = () => createThirdParty({ name: 'homing', title: 'Homing', aspects: ['recovery'] });
const router = () => createThirdParty({ name: 'router', title: 'Router', aspects: ['route', 'bindings'] });

describe('Dual Registration with another mechanism', () => {
  test.each([
    ['Use DNS SRV and a fallback interval', { useDnsSrv: true, proxyFallbackIntvl: 600 }, 'Yes', /Proxy Fallback Intvl to 0/],
    ['X_Mechanism broadsoft', { xMechanism: 'broadsoft' }, 'broadsoft', /X Mechanism to auto/],
  ])('and %s: stays dual, the other is refused and said to be', (_, values, asked, remedy) =>
    story({ lines: [dualLine(values)] }, async (world) => {
      const { mode, route, legs, degraded, refusals } = await world.line().explain();
      expect({ mode, route, usable: legs.map(({ usable }) => usable) }).toEqual({
        mode: 'dual',
        route: 'onTop',
        usable: [true, true],
      });
      expect(degraded).toBe(true);
      expect(refusals).toMatchObject([{ code: 'policy.conflict', asked }]);
      expect(refusals[0]?.message).toMatch(/Dual Registration \(dual-registration\) stays in force/);
      expect(refusals[0]?.remedy).toMatch(remedy);
      expect(refused(world)).toMatchObject([
        {
          rule: 'D-11:policy.conflict',
          source: 'redundancy 3.11, D-11',
          inputs: { asked },
          outcome: { action: 'refused-policy' },
        },
      ]);
      await message(world);
      expect(rules(world)).toContain('6.4:both-usable');
    }),
  );

  test('and both: each is refused by itself', () =>
    story({ lines: [dualLine({ xMechanism: 'broadsoft', useDnsSrv: true, proxyFallbackIntvl: 600 })] }, async (world) => {
      expect(
        world
          .line()
          .status()
          .refusals.map(({ asked }) => asked),
      ).toEqual(['broadsoft', 'Yes']);
      expect(refused(world)).toHaveLength(2);
    }));

  test('and Use DNS SRV without a fallback interval: nothing is refused, SRV only locates', () =>
    story({ lines: [dualLine({ useDnsSrv: true, proxyFallbackIntvl: 0 })] }, async (world) => {
      expect(world.line().status()).toMatchObject({ mode: 'dual', degraded: false, refusals: [] });
      expect(refused(world)).toEqual([]);
    }));

  test('and a third-party mechanism that claims recovery: refused, and never asked', async () => {
    const mechanism = homing();
    await story({ lines: [dualLine({ xMechanism: 'homing' })], mechanisms: [mechanism] }, async (world) => {
      const { mode, refusals, decisions } = await world.line().explain();
      expect(mode).toBe('dual');
      expect(refusals).toMatchObject([{ code: 'policy.conflict', asked: 'homing', remedy: expect.stringContaining('auto') }]);
      expect(refusals[0]?.message).toMatch(
        /Dual Registration \(dual-registration\) and Homing \(homing\).*both would rule recovery/,
      );
      expect(decisions.filter(({ about }) => about === 'policy')).toMatchObject([{ outcome: { reason: refusals[0]?.message } }]);
      await message(world);
      expect(rules(world)).toContain('6.4:both-usable');
    });
    expect(mechanism.asked).toEqual([]);
  });
});

describe('a third-party mechanism that clashes with nothing', () => {
  const lines = [singleLine({ xMechanism: 'router' })];

  test('rules a line that asks for it: its rules are those of the decisions', async () => {
    const mechanism = router();
    await story({ lines, mechanisms: [mechanism] }, async (world) => {
      expect(await message(world)).toMatchObject({ ok: true, leg: 'primary' });
      expect(world.decisions().at(-1)).toMatchObject({
        about: 'request',
        rule: 'router:always',
        source: 'manual of router',
        outcome: { action: 'send', leg: 'primary' },
      });
      const { ifNow, refusals } = await world.line().explain();
      expect(ifNow.INVITE).toMatchObject({ rule: 'router:always' });
      expect(refusals).toEqual([]);
    });
    const [, ...explained] = mechanism.asked.map(({ type, method }) => `${type} ${method}`);
    // What it would do if nobody answered is followed up to the server that it names again.
    expect(explained).toEqual(['request.new INVITE', 'request.new MESSAGE', 'request.failed INVITE', 'request.failed MESSAGE']);
  });

  test('hears how a request failed, and what it says is done', async () => {
    const mechanism = createThirdParty({
      name: 'router',
      aspects: ['route'],
      decide: (_, { type }) =>
        type === 'request.new'
          ? { next: 'send', leg: 'primary', rule: 'router:first', source: 'router' }
          : { next: 'deliver', rule: 'router:give-up', source: 'router' },
    });
    await story({ lines, mechanisms: [mechanism], phone: { tryBackupRsc: '5??' } }, async (world) => {
      world.p.answer('MESSAGE', 503);
      expect(await message(world)).toMatchObject({ ok: false, status: 503 });
      expect(rules(world).slice(-2)).toEqual(['router:first', 'router:give-up']);
      expect(mechanism.asked.at(-1)).toEqual({
        type: 'request.failed',
        servers: ['10.0.0.1:5060;udp'],
        method: 'MESSAGE',
        tried: ['primary'],
        outcome: 'rsc',
        status: 503,
      });
    });
  });

  test('is kept as the object it is: decide may read its own fields', async () => {
    class Counting implements Mechanism {
      readonly manifest = router().manifest;
      count = 0;
      decide() {
        this.count += 1;
        return { next: 'send', leg: 'primary', rule: `router:${this.count}`, source: 'router' } as const;
      }
    }
    await story({ lines, mechanisms: [new Counting()] }, async (world) => {
      await message(world);
      expect(rules(world).at(-1)).toBe('router:1');
    });
  });

  test('leaves alone the lines that do not ask for it', async () => {
    const mechanism = router();
    await story({ mechanisms: [mechanism], lines: [dualLine()] }, async (world) => {
      await message(world);
      expect(rules(world)).toContain('6.4:both-usable');
    });
    expect(mechanism.asked).toEqual([]);
  });

  test('is refused together with another one that claims the same: the line runs single', () => {
    const rival = createThirdParty({ name: 'rival', aspects: ['route'] });
    const greedy = { ...rival, manifest: Object.freeze({ ...rival.manifest, claims: router().manifest.claims }) };
    return story({ lines, mechanisms: [router(), greedy] }, async (world) => {
      expect(world.line().status().refusals).toHaveLength(1);
      await message(world);
      expect(rules(world).at(-1)).toBe('6.7:registered');
      expect(greedy.asked).toEqual([]);
    });
  });
});

test.each([
  ['dual', dualLine({ xMechanism: 'homing' })],
  ['single', singleLine({ xMechanism: 'router' })],
])('both orders of giving mechanisms decide the same on a %s line', async (_, line) => {
  const told: unknown[] = [];
  for (const mechanisms of [
    [homing(), router()],
    [router(), homing()],
  ]) {
    await story({ lines: [line], mechanisms }, async (world) => {
      await message(world);
      told.push({ decisions: world.decisions(), refusals: world.line().status().refusals });
    });
  }
  expect(told[1]).toEqual(told[0]);
});

describe('without Dual Registration', () => {
  test('Use DNS SRV is ruled by dns-srv: nothing is refused or found wanting', () =>
    story({ lines: [singleLine({ useDnsSrv: true })] }, async (world) => {
      const { findings, refusals, degraded } = await world.line().explain();
      expect(findings).toEqual([]);
      expect({ refusals, degraded }).toEqual({ refusals: [], degraded: false });
    }));

  test('a mechanism that nobody brings is refused with what was meant', () =>
    story({ lines: [singleLine({ xMechanism: 'ruoter' })], mechanisms: [router()] }, async (world) => {
      expect(world.line().status().refusals).toMatchObject([{ code: 'policy.unknown', remedy: 'Did you mean router?' }]);
    }));

  test('a given mechanism of an announced name takes its place', () => {
    const given = createThirdParty({ name: 'broadsoft', aspects: ['bindings', 'route', 'recovery', 'subscriptions'] });
    return story({ lines: [singleLine({ xMechanism: 'broadsoft' })], mechanisms: [given] }, async (world) => {
      expect(world.line().status().refusals).toEqual([]);
      await message(world);
      expect(rules(world).at(-1)).toBe('broadsoft:always');
    });
  });
});
