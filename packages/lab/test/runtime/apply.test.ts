import { type LineInput, type PhoneConfig, parseRuntimeConfig } from '@offhook/core';
import { createMemoryLineStore } from '@offhook/core/testkit';
import type { ApplyReport } from '@offhook/runtime';
import { describe, expect, test } from 'vitest';
import { createWorld, dualLine, singleLine, type World, type WorldOptions } from '../../src/index.ts';

/* Another configuration for a running phone: section 6.10, D-28, RED-96. */

async function story(options: WorldOptions, act: (world: World) => Promise<void>): Promise<void> {
  const world = await createWorld(options);
  await world.party('2000');
  await world.run(1);
  await act(world);
  await world.stop();
}

const apply = (world: World, lines: readonly LineInput[], phone: Partial<PhoneConfig> = {}, more = {}): Promise<ApplyReport> =>
  world.until(world.runtime.apply(parseRuntimeConfig({ cluster: 'world', edge: {}, phone, lines, ...more })));
const effects = ({ lines }: ApplyReport): readonly string[] =>
  lines.flatMap(({ line, what, changes }) =>
    changes.length === 0 ? [`${line} ${what}`] : changes.map(({ key, takesEffect }) => `${line} ${key} ${takesEffect}`),
  );
const register = (world: World, sinceS = 1) => world.sent('REGISTER', { sinceS, first: true }).map(([to]) => to);
const rules = (world: World): readonly string[] => world.decisions().map(({ rule }) => rule);
const dial = (world: World): Promise<unknown> => world.line().command('call', { target: '2000' });

const list = 'world.example:SRV=s1:p=0:A=10.0.0.1|s2:p=1:A=10.0.0.2';
const listLine = (values: LineInput = {}): LineInput => singleLine({ proxy: list, ...values });

describe('restart', () => {
  test('RED-96 Dual Registration at run time: nothing until the restart; restartRequired', () =>
    story({ lines: [singleLine({ alternateProxy: '10.0.0.2' })] }, async (world) => {
      const report = await apply(world, [dualLine()]);
      expect(report).toMatchObject({ restartRequired: true, sections: [] });
      expect(effects(report)).toEqual(['1001 dualRegistration restart']);
      await world.run(60);
      expect(world.sent('REGISTER').map(([to]) => to)).not.toContain('a');
      const { mode, restartRequired, waiting } = world.line().status();
      expect({ mode, restartRequired, keys: waiting?.map(({ key, until }) => [key, until]) }).toEqual({
        mode: 'single',
        restartRequired: true,
        keys: [['dualRegistration', 'restart']],
      });
      expect((await world.line().explain()).restartRequired).toBe(true);
      expect(world.decisions().at(-1)).toMatchObject({
        about: 'line',
        rule: '6.10:until-restart',
        inputs: { changed: 'dualRegistration' },
        outcome: { action: 'staged' },
      });

      // The restart of the line is one (5.1).
      await world.line().command('restart');
      await world.run(1);
      expect(world.line().status()).toMatchObject({ mode: 'dual', legs: [{ usable: true }, { usable: true }] });
      expect(world.line().status().restartRequired).toBeUndefined();
    }));

  test('RED-96 a change that is taken back waits no longer', () =>
    story({ lines: [singleLine({ alternateProxy: '10.0.0.2' })] }, async (world) => {
      await apply(world, [dualLine()]);
      expect(effects(await apply(world, [singleLine({ alternateProxy: '10.0.0.2' })]))).toEqual([]);
      expect(world.line().status().restartRequired).toBeUndefined();
      await world.line().command('restart');
      await world.run(1);
      expect(world.line().status().mode).toBe('single');
    }));

  test('the phone’s preset waits for its restart, what else is new of the phone does not', () =>
    story({ lines: [listLine()] }, async (world) => {
      const report = await apply(world, [listLine()], { xDefaultsPreset: 'mpp-11.3', sipTimerB: 8 });
      expect(effects(report)).toContain('1001 xDefaultsPreset restart');
      expect(effects(report)).toContain('1001 sipTimerB now');
    }));

  test('sections of the runtime are named', () =>
    story({ lines: [singleLine()] }, async (world) => {
      const report = await apply(world, [singleLine()], {}, { edge: { strangers: 'accept' } });
      expect(report).toEqual({ lines: [], sections: ['edge'], restartRequired: true });
    }));

  test('the edge knows other servers and trusted hosts at once', () =>
    story({ lines: [singleLine({ proxy: '10.0.0.1' })], servers: ['s3'] }, async (world) => {
      const listed = await apply(world, [singleLine()], {}, { edge: { trusted: ['10.0.0.50'] } });
      expect(listed).toEqual({ lines: [], sections: [], restartRequired: false });
      // A line that never registers opens no flow: only the list says whose its server is.
      const lines = [singleLine(), singleLine({ userId: '1003', proxy: '10.0.0.3', register: false })];
      world.side('s3').attach('1003', { host: '10.0.0.9', port: 5060 });
      const caller = await world.party('3000', { behind: ['s3'] });
      const strangers = async (): Promise<number | undefined> =>
        (await world.until(world.runtime.counters())).edge?.droppedStranger;
      await apply(world, lines);
      const call = caller.call('1003');
      await world.run(1);
      expect(world.line('1003').status().calls).toMatchObject([{ state: 'ringing' }]);
      call.hangUp();
      await world.run(40);
      expect(await strangers()).toBe(0);
      await apply(world, [singleLine()]);
      await world.run(1);
      caller.call('1003');
      await world.run(1);
      expect(await strangers()).toBeGreaterThan(0);
      await world.run(40);
    }));

  test('a configuration in strict mode with a clash is refused as a whole', () =>
    story({ lines: [dualLine()] }, async (world) => {
      const lines = [dualLine({ xMechanism: 'broadsoft', displayName: 'Desk' })];
      await expect(apply(world, lines, {}, { strict: true })).rejects.toMatchObject({ code: 'E_POLICY_CONFLICT' });
      expect(world.line().status().waiting).toBeUndefined();
    }));

  test('a mechanism that would clash after the restart is said to be refused then', () =>
    story({ lines: [listLine({ xMechanism: 'broadsoft' })] }, async (world) => {
      await apply(world, [listLine({ xMechanism: 'broadsoft', alternateProxy: '10.0.0.3', dualRegistration: true })]);
      expect(world.line().status()).toMatchObject({ mode: 'list', restartRequired: true, refusals: [] });
      await world.line().command('restart');
      await world.run(1);
      const { mode, refusals } = world.line().status();
      expect(mode).toBe('dual');
      // And the list beside Dual Registration, which has an interval to return by.
      expect(refusals.map(({ asked }) => asked)).toEqual(['broadsoft', list]);
    }));
});

describe('transaction and immediate', () => {
  test('a fallback interval re-arms the clock from the original failover (5.7)', () =>
    story({ lines: [listLine({ proxyFallbackIntvl: 600 })] }, async (world) => {
      world.wire.refuse('10.0.0.1');
      await dial(world);
      await world.line().command('hangup');
      world.wire.heal();
      const next = async () => (await world.line().explain()).next.find(({ what }) => what === 'fallback')?.atMs;
      expect(await next()).toBe(601_000);
      await world.runTo(100);
      expect(effects(await apply(world, [listLine({ proxyFallbackIntvl: 300 })]))).toEqual(['1001 proxyFallbackIntvl now']);
      expect(await next()).toBe(301_000);
      expect(rules(world)).toContain('6.10:now');
      await apply(world, [listLine({ proxyFallbackIntvl: 0 })]);
      expect(await next()).toBeUndefined();
      await world.runTo(400);
      expect(world.line().status().route).toBe('failedOver');
      // Its time is over already: at once.
      await apply(world, [listLine({ proxyFallbackIntvl: 200 })]);
      await world.run(1);
      expect(world.line().status().route).toBe('onTop');
      expect(register(world).filter((to) => to === 'a')).toEqual([]);
    }));

  test('Auto Register When Failover counts with the next failover', () =>
    story({ lines: [listLine()] }, async (world) => {
      await apply(world, [listLine({ autoRegisterWhenFailover: true })]);
      world.wire.refuse('10.0.0.1');
      await dial(world);
      await world.run(1);
      expect(register(world)).toContain('a');
      await world.line().command('hangup');
    }));

  test('timers and code templates count with the next transaction, without a REGISTER', () =>
    story({ lines: [listLine()] }, async (world) => {
      await apply(world, [listLine()], { sipTimerB: 4, tryBackupRsc: '5??' });
      world.wire.silence('10.0.0.1');
      await dial(world);
      await world.run(5);
      expect(world.sent('INVITE', { first: true }).map(([to, atS]) => [to, Math.round(atS)])).toEqual([
        ['p', 1],
        ['a', 5],
      ]);
      expect(register(world)).toEqual([]);
      await world.line().command('hangup');
    }));

  test('Display Name and codecs stand in the next request, beside a call that goes on', () =>
    story({ lines: [singleLine()] }, async (world) => {
      await dial(world);
      await world.run(1);
      await apply(world, [singleLine({ displayName: 'Desk', preferredCodecs: ['PCMA'] })]);
      expect(world.line().status().calls).toHaveLength(1);
      await dial(world);
      await world.run(1);
      const sent = world.wire.requests({ from: '10.0.0.9', to: '10.0.0.1', method: 'INVITE' }).map(({ message }) => message);
      const text = sent.map(({ from, body }) => [from.display, new TextDecoder().decode(body).includes('PCMU')]);
      expect(text[0]).toEqual(['', true]);
      expect(text.at(-1)).toEqual([expect.stringContaining('Desk'), false]);
      expect(
        world
          .line()
          .status()
          .calls.map(({ id }) => id),
      ).toEqual(['c1', 'c2']);
      await world.line().command('hangup');
      await world.run(1);
      expect(world.sent('BYE')).toHaveLength(2);
    }));

  test('keepalives begin, change their period and end at once', () =>
    story({ lines: [singleLine()] }, async (world) => {
      const beats = (sinceS: number) => world.sent('NOTIFY', { sinceS, first: true }).map(([, atS]) => Math.round(atS));
      const natKeepAliveEnable = true;
      await apply(world, [singleLine({ natKeepAliveEnable })]);
      await world.runTo(40);
      expect(beats(1)).toEqual([16, 31]);
      await apply(world, [singleLine({ natKeepAliveEnable })], { natKeepAliveIntvl: 100 });
      await world.runTo(250);
      expect(beats(40)).toEqual([140, 240]);
      await apply(world, [singleLine()]);
      await world.runTo(600);
      expect(beats(250)).toEqual([]);
    }));

  test('Make Call Without Reg counts at once', () =>
    story({ lines: [singleLine()], prepare: ({ p }) => p.answer('REGISTER', 403) }, async (world) => {
      await dial(world);
      expect(world.sent('INVITE')).toEqual([]);
      await apply(world, [singleLine({ makeCallWithoutReg: true })]);
      await dial(world);
      await world.run(1);
      expect(world.sent('INVITE').length).toBeGreaterThan(0);
      await world.line().command('hangup');
    }));
});

describe('line', () => {
  test('an idle line withdraws what it holds and registers anew', () =>
    story({ lines: [singleLine()] }, async (world) => {
      expect(effects(await apply(world, [singleLine({ proxy: '10.0.0.2' })]))).toEqual(['1001 proxy line']);
      await world.run(1);
      expect(register(world).filter((to, i, all) => to !== all[i - 1])).toEqual(['p', 'a']);
      expect(world.line().status()).toMatchObject({ route: 'onTop', legs: [{ server: '10.0.0.2:5060;udp', usable: true }] });
      expect(world.p.bindings('1001')).toEqual([]);
      expect(rules(world)).toContain('6.10:line');
    }));

  test('during a call it waits for its end; what needs no restart counts meanwhile', () =>
    story({ lines: [singleLine()] }, async (world) => {
      await dial(world);
      await world.run(1);
      const report = await apply(world, [singleLine({ proxy: '10.0.0.2', displayName: 'Desk' })]);
      expect([...effects(report)].sort()).toEqual(['1001 displayName now', '1001 proxy last-call']);
      await world.run(3_000);
      expect(world.line().status()).toMatchObject({
        calls: [{ state: 'up' }],
        waiting: [{ key: 'proxy', until: 'last-call' }],
        legs: [{ server: '10.0.0.1:5060;udp' }],
      });
      expect(world.line().status().restartRequired).toBeUndefined();
      await world.line().command('hangup');
      await world.run(1);
      expect(world.line().status()).toMatchObject({ legs: [{ server: '10.0.0.2:5060;udp', usable: true }] });
      expect(world.line().status().waiting).toBeUndefined();
      expect(rules(world)).toContain('6.10:line/call.last');
    }));

  test('at most Forced Resync Delay, counted from the first change', () =>
    story({ lines: [singleLine()], phone: { forcedResyncDelay: 600 } }, async (world) => {
      await dial(world);
      await world.run(1);
      await apply(world, [singleLine({ proxy: '10.0.0.2' })], { forcedResyncDelay: 600 });
      await world.runTo(500);
      await apply(world, [singleLine({ proxy: '10.0.0.2', sipUri: 'desk@world.example' })], { forcedResyncDelay: 600 });
      await world.runTo(601);
      expect(world.line().status().calls).toHaveLength(1);
      await world.runTo(604);
      expect(world.line().status()).toMatchObject({ calls: [], legs: [{ server: '10.0.0.2:5060;udp', usable: true }] });
      expect(world.sent('BYE').length).toBeGreaterThan(0);
    }));

  test('what the store keeps is what the new life has', async () => {
    const store = createMemoryLineStore();
    await story({ lines: [singleLine()], store }, async (world) => {
      await apply(world, [singleLine({ proxy: '10.0.0.2' })]);
      await world.run(1);
      expect(await store.load('1001')).toMatchObject({ primary: { server: '10.0.0.2:5060;udp' } });
    });
  });
});

describe('lines that come and go', () => {
  const other = singleLine({ userId: '1002' });

  test('begin and end without touching their neighbours', () =>
    story({ lines: [singleLine()] }, async (world) => {
      expect(effects(await apply(world, [singleLine(), other]))).toEqual(['1002 added']);
      await world.run(1);
      expect(world.line('1002').status()).toMatchObject({ route: 'onTop' });
      expect(world.sent('REGISTER', { line: '1001', sinceS: 1 })).toEqual([]);
      expect(effects(await apply(world, [other]))).toEqual(['1001 removed']);
      await world.run(1);
      expect(world.runtime.lines().map(({ id }) => id)).toEqual(['1002']);
      expect(world.p.bindings('1001')).toEqual([]);
      await expect(world.runtime.command('1001', 'status')).rejects.toMatchObject({ code: 'E_LINE_UNKNOWN' });
    }));

  test('a line that is taken away during a call ends with it', () =>
    story({ lines: [singleLine(), other] }, async (world) => {
      await world.line('1001').command('call', { target: '2000' });
      await world.run(1);
      await apply(world, [other]);
      await world.run(60);
      expect(world.line('1001').status().calls).toHaveLength(1);
      await world.line('1001').command('hangup');
      await world.run(1);
      expect(world.runtime.lines().map(({ id }) => id)).toEqual(['1002']);
    }));

  test('a line that comes back before it is off begins again', () =>
    story({ lines: [singleLine(), other] }, async (world) => {
      world.wire.silence('10.0.0.1');
      await apply(world, [other]);
      expect(effects(await apply(world, [singleLine(), other]))).toEqual(['1001 added']);
      world.wire.heal();
      await world.run(60);
      expect(world.line('1001').status()).toMatchObject({ route: 'onTop', legs: [{ usable: true }] });
    }));

  test('a caller finds a line by its new user', () =>
    story({ lines: [singleLine({ id: 'desk' })] }, async (world) => {
      await apply(world, [singleLine({ id: 'desk', userId: '1003' })]);
      await world.run(1);
      expect(world.line('desk').status()).toMatchObject({ user: '1003', route: 'onTop' });
    }));
});
