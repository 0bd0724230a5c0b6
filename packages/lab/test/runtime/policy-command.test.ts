import type { Mechanism } from '@offhook/core';
import { describe, expect, test } from 'vitest';
import { createWorld, dualLine, singleLine, type World, type WorldOptions } from '../../src/index.ts';
import { createThirdParty } from './third-party.ts';

/* A mechanism asked for while the line runs: the same registry, the same words. Section 3.11, D-11, RED-89. */

async function story(options: WorldOptions, act: (world: World) => Promise<void>): Promise<void> {
  const world = await createWorld(options);
  await world.party('2000');
  await world.run(1);
  await act(world);
  await world.stop();
}

const ask = (world: World, mechanism: string, more: Readonly<Record<string, unknown>> = {}): Promise<unknown> =>
  world.line().command('policy', { mechanism, ...more });
const refusal = async (world: World, mechanism: string): Promise<Readonly<Record<string, unknown>>> =>
  ask(world, mechanism).then(
    () => ({}),
    (error: Error & Readonly<Record<string, unknown>>) => ({ ...error, name: error.name, message: error.message }),
  );
const policies = (world: World) => world.decisions().filter(({ about }) => about === 'policy');
const message = (world: World): Promise<unknown> => world.line().command('message', { target: '2000', text: 'hello' });
const ruleOfMessage = async (world: World): Promise<string | undefined> => {
  await message(world);
  return world.decisions().findLast(({ about }) => about === 'request')?.rule;
};
const registers = (world: World): number => world.sent('REGISTER', { first: true }).length;

describe('on a dual line', () => {
  test.each([
    ['broadsoft', {}, /forbids Dual Registration together with the Broadsoft mechanism/],
    ['broadsoft', { proxyFallbackIntvl: 0 }, /both would rule bindings, route and subscriptions/],
    ['dns-srv', { useDnsSrv: true, proxyFallbackIntvl: 0 }, /both would rule bindings and route/],
    ['dns-srv', {}, /cannot be combined with other fallback or recovery mechanisms such as DNS SRV recovery/],
    ['ranked-list', {}, /Ranked server list \(ranked-list\)/],
  ])('RED-89 %s %j is refused: Dual Registration stays and goes on', (mechanism, values, words) =>
    story({ lines: [dualLine(values)] }, async (world) => {
      const before = registers(world);
      const error = await refusal(world, mechanism);
      expect(error).toMatchObject({ name: 'PolicyConflictError', code: 'E_POLICY_CONFLICT' });
      expect(error.message).toMatch(words);
      expect(error.message).toMatch(/Dual Registration \(dual-registration\)/);
      expect(error.message).toMatch(/both would rule .*stays in force.*Set X Mechanism to auto.*Set Dual Registration to No/s);
      expect(error.findings).toMatchObject([{ code: 'policy.conflict', path: 'xMechanism', seen: mechanism }]);
      const { mode, legs, degraded, refusals, decisions, restartRequired } = await world.line().explain();
      expect({ mode, usable: legs.map(({ usable }) => usable), degraded }).toEqual({
        mode: 'dual',
        usable: [true, true],
        degraded: true,
      });
      expect(refusals).toMatchObject([{ code: 'policy.conflict', asked: mechanism }]);
      expect(decisions.at(-1)).toMatchObject({
        about: 'policy',
        rule: 'D-11:policy.conflict',
        inputs: { asked: mechanism },
        outcome: { action: 'refused-policy', reason: refusals[0]?.message },
      });
      expect(restartRequired).toBeUndefined();
      expect(registers(world)).toBe(before);
      expect(await ruleOfMessage(world)).toBe('6.4:both-usable');
    }),
  );

  test('what is refused twice stands there once, and goes when something is admitted', () =>
    story({}, async (world) => {
      await refusal(world, 'broadsoft');
      await refusal(world, 'broadsoft');
      expect(world.line().status().refusals).toHaveLength(1);
      expect(policies(world)).toHaveLength(2);
      expect(await ask(world, 'dual-registration')).toMatchObject({ rules: 'dual-registration', restartRequired: true });
      expect(world.line().status()).toMatchObject({ refusals: [], degraded: false });
    }));

  test('a clash that is there whatever is asked for is no answer to the question', () =>
    story({ lines: [dualLine({ useDnsSrv: true, proxyFallbackIntvl: 600 })] }, async (world) => {
      expect(await ask(world, 'dual-registration')).toMatchObject({ rules: 'dual-registration' });
      expect(world.line().status().refusals).toMatchObject([{ asked: 'Yes' }]);
    }));

  test('a third party comes through the same door', async () => {
    const homing = createThirdParty({ name: 'homing', title: 'Homing', aspects: ['recovery'] });
    await story({ mechanisms: [homing] }, async (world) => {
      const error = await refusal(world, 'homing');
      expect(error).toMatchObject({ code: 'E_POLICY_CONFLICT' });
      expect(error.message).toMatch(/Dual Registration \(dual-registration\) and Homing \(homing\).*both would rule recovery/);
      expect(await ruleOfMessage(world)).toBe('6.4:both-usable');
    });
    expect(homing.asked).toEqual([]);
  });

  test('the order of mechanisms changes nothing', async () => {
    const told: unknown[] = [];
    const party = (name: string): Mechanism => createThirdParty({ name, aspects: ['route'] });
    const [a, m, z] = [party('a-party'), party('m-party'), party('z-party')];
    for (const mechanisms of [
      [a, m, z],
      [a, z, m],
      [m, a, z],
      [m, z, a],
      [z, a, m],
      [z, m, a],
    ])
      await story({ mechanisms }, async (world) => {
        const errors = [];
        for (const name of ['broadsoft', 'a-party', 'dns-srv', 'z-party']) errors.push(await refusal(world, name));
        told.push({ errors, decisions: policies(world), refusals: world.line().status().refusals });
      });
    for (const each of told) expect(each).toEqual(told[0]);
  });
});

describe('on a line with one registration', () => {
  const list = 'world.example:SRV=s1:p=0:A=10.0.0.1|s2:p=1:A=10.0.0.2';
  const lines = [singleLine({ proxy: list })];

  test('what is admitted waits for the restart of the line, and says so', () =>
    story({ lines }, async (world) => {
      const before = registers(world);
      expect(await ask(world, 'broadsoft')).toEqual({
        line: '1001',
        mechanism: 'broadsoft',
        rules: 'broadsoft',
        restartRequired: true,
        findings: [],
      });
      const { restartRequired, waiting, decisions } = await world.line().explain();
      expect({ restartRequired, waiting }).toEqual({
        restartRequired: true,
        waiting: [{ scope: 'ext', key: 'xMechanism', apply: 'restart', until: 'restart' }],
      });
      expect(decisions.at(-1)).toMatchObject({ rule: '6.10:until-restart', inputs: { changed: 'xMechanism' } });
      expect(registers(world)).toBe(before);
      // As it was: a failed call moves on without a REGISTER.
      world.wire.refuse('10.0.0.1');
      await world.line().command('call', { target: '2000' });
      await world.run(1);
      expect(registers(world)).toBe(before);
      world.wire.heal();
      await world.line().command('hangup');

      await world.line().command('restart');
      await world.run(1);
      expect(world.line().status().restartRequired).toBeUndefined();
      world.wire.refuse('10.0.0.1');
      const then = world.nowS;
      await world.line().command('call', { target: '2000' });
      await world.run(1);
      expect(world.sent('REGISTER', { sinceS: then, first: true }).map(([to]) => to)).toContain('a');
      await world.line().command('hangup');
    }));

  test('with restart the line begins anew at once', () =>
    story({ lines }, async (world) => {
      expect(await ask(world, 'broadsoft', { restart: true })).toMatchObject({ rules: 'broadsoft', restartRequired: false });
      await world.run(1);
      expect(world.line().status()).toMatchObject({ route: 'onTop', mode: 'list', refusals: [] });
      expect(world.decisions().map(({ rule }) => rule)).toContain('5.1:restart');
      const ids = new Set(world.wire.requests({ from: '10.0.0.9', method: 'REGISTER' }).map(({ message: { callId } }) => callId));
      expect(ids.size).toBe(2);
    }));

  test('what nobody brings is refused with what was meant', () =>
    story({ lines }, async (world) => {
      const error = await refusal(world, 'brodsoft');
      expect(error).toMatchObject({ name: 'ConfigError', code: 'E_POLICY_UNAVAILABLE', findings: [{ code: 'policy.unknown' }] });
      expect(error.message).toMatch(/Did you mean broadsoft\?/);
      expect(world.line().status().refusals).toMatchObject([{ code: 'policy.unknown', asked: 'brodsoft' }]);
    }));

  test('what is in force already changes nothing', () =>
    story({ lines }, async (world) => {
      expect(await ask(world, 'auto')).toMatchObject({ rules: 'ranked-list', restartRequired: false });
      expect(world.line().status().waiting).toBeUndefined();
    }));

  test('a name is needed', () =>
    story({ lines }, async (world) => {
      await expect(world.line().command('policy')).rejects.toMatchObject({ code: 'E_COMMAND_INVALID' });
      await expect(ask(world, '')).rejects.toMatchObject({ code: 'E_COMMAND_INVALID' });
    }));

  test('what the mechanism has to say of the line comes with the answer', () =>
    story({ lines: [singleLine({ proxy: list, proxyFallbackIntvl: 0 })] }, async (world) => {
      expect(await ask(world, 'broadsoft')).toMatchObject({
        findings: [{ code: 'policy.advice', path: 'proxyFallbackIntvl', severity: 'warning' }],
      });
    }));
});
