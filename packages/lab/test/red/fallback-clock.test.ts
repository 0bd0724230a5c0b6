import { describe, expect, test } from 'vitest';
import { singleLine, type World, type WorldOptions } from '../../src/index.ts';
import { dial, play } from './story.ts';

/* Section 9.1: when a line returns to a better server. The list is S1 at 10.0.0.1, S2 at 10.0.0.2; both take registrations unless told. */

const servers = 'world.example:SRV=s1:p=0:A=10.0.0.1|s2:p=1:A=10.0.0.2';

type Line = NonNullable<WorldOptions['lines']>[number];
const listLine = (values: Line = {}): WorldOptions => ({ lines: [singleLine({ proxy: servers, ...values })] });

/** Instants at which the line went back to the top, s. */
const returns = (world: World): readonly number[] =>
  world
    .decisions()
    .filter(
      ({ about, rule, outcome }) =>
        about === 'line' && outcome.action === 'route-top' && !['6.3:in-service', '5.1:line.start'].includes(rule),
    )
    .map(({ atMs }) => Math.round(atMs) / 1000);

/** S1 answers nothing at all for a moment, so that a call moves the line to S2 at once. */
async function failOver(world: World): Promise<void> {
  world.wire.refuse('10.0.0.1');
  await dial(world);
  world.wire.heal();
  await world.line().command('hangup');
}

const sentTo = (world: World, method: string, sinceS: number): readonly (readonly [string, number])[] =>
  world.sent(method, { sinceS, first: true }).map(([to, atS]) => [to, Math.round(atS * 1000) / 1000]);

async function returnsOf(failoverS: number, line: Line, untilS: number, more: WorldOptions = {}): Promise<readonly number[]> {
  let seen: readonly number[] = [];
  await play({ ...listLine(line), ...more }, async (world) => {
    await world.party('2000');
    await world.runTo(failoverS);
    await failOver(world);
    await world.runTo(untilS);
    seen = returns(world);
  });
  return seen;
}

type Row = readonly [name: string, failoverS: number, line: Line, expected: number, phone?: WorldOptions['phone']];
const ar = { autoRegisterWhenFailover: true };
const mpp = { xDefaultsPreset: 'mpp-11.3' } as const;

/** `granted`: the servers grant 300 s whatever they are asked for. */
const rows: readonly Row[] = [
  ['RED-01 AR not set, PFI 600 of 3600: 600 (SEED)', 0, { proxyFallbackIntvl: 600 }, 600],
  ['RED-02 PFI 1000 of 800: 800 (AG78 p. 55)', 0, { registerExpires: 800, proxyFallbackIntvl: 1000 }, 800],
  ['RED-03 AR = Yes: 3600 and nothing at 600 (EXT78)', 0, { ...ar, proxyFallbackIntvl: 600 }, 3600],
  ['RED-04 AR = Yes, PFI 1000 of 600: 1200 (EXT78)', 0, { ...ar, registerExpires: 600, proxyFallbackIntvl: 1000 }, 1200],
  ['RED-05 PFI 3600 of 3600: 3600', 0, { proxyFallbackIntvl: 3600 }, 3600],
  ['RED-06 AR = Yes, PFI 900 of 300: 900', 0, { ...ar, registerExpires: 300, proxyFallbackIntvl: 900 }, 900],
  ['RED-07 AR = Yes, PFI 600 of 7200: 7200', 0, { ...ar, registerExpires: 7200, proxyFallbackIntvl: 600 }, 7200],
  ['RED-08 failover at 3300: 3600', 3300, { proxyFallbackIntvl: 600 }, 3600],
  ['RED-09 failover at 1000: 1600', 1000, { proxyFallbackIntvl: 600 }, 1600],
  ['RED-10 AR = Yes, failover at 1000: 4600', 1000, { ...ar, proxyFallbackIntvl: 600 }, 4600],
  ['RED-15 refresh clock, moved at 100, PFI 60: the first refresh, 2895.52', 100, { proxyFallbackIntvl: 60 }, 2895.52, mpp],
  ['RED-28 preset mpp-11.3 registers where it moves (AG12C)', 0, { proxyFallbackIntvl: 600 }, 2795.52, mpp],
  ['RED-27 Register = No, PFI 600: 600', 0, { register: false, proxyFallbackIntvl: 600 }, 600],
];

describe('9.1 the fallback clock', () => {
  for (const [name, failoverS, line, expected, phone = {}] of rows)
    test(name, async () => {
      expect(await returnsOf(failoverS, line, expected + 400, { phone })).toEqual([expected]);
    });

  test('RED-11, 12 granted 300: 600 with AR = Yes, 300 with No', async () => {
    const registrars = { grantS: 300 };
    expect(await returnsOf(0, { ...ar, proxyFallbackIntvl: 600 }, 900, { registrars })).toEqual([600]);
    expect(await returnsOf(0, { proxyFallbackIntvl: 600 }, 590, { registrars })).toEqual([300]);
  });

  test.each([true, false])(
    'RED-13 PFI 0, AR = %s: no return in 100,000 s; refreshes go to the server in use',
    (autoRegisterWhenFailover) =>
      play(listLine({ autoRegisterWhenFailover, proxyFallbackIntvl: 0 }), async (world) => {
        await world.party('2000');
        await failOver(world);
        await world.runTo(100_000);
        expect(returns(world)).toEqual([]);
        expect(new Set(sentTo(world, 'REGISTER', 1).map(([to]) => to))).toEqual(new Set(['a']));
      }),
  );

  test('RED-14 refresh clock: refresh at 2795.52 (AG12)', () =>
    play({ ...listLine(), phone: mpp }, async (world) => {
      await world.runTo(3000);
      expect(sentTo(world, 'REGISTER', 1)).toEqual([['p', 2795.52]]);
    }));

  test('RED-17, 18 TCP: recovery at down + 60, never with PFI 0 (AG12)', async () => {
    const tcp = { sipTransport: 'TCP' } as const;
    expect(await returnsOf(1000, { ...tcp, proxyFallbackIntvl: 60 }, 1200, { phone: mpp })).toEqual([1060]);
    expect(await returnsOf(1000, { ...tcp, proxyFallbackIntvl: 0 }, 9000, { phone: mpp })).toEqual([]);
  });

  test('RED-19 AR = Yes, S1 still dead at 3600: the recovery times out at 3616, the next one at 7200', () =>
    play(listLine({ ...ar, proxyFallbackIntvl: 600 }), async (world) => {
      await world.party('2000');
      await failOver(world);
      world.wire.silence('10.0.0.1');
      await world.runTo(7300);
      const toTop = sentTo(world, 'REGISTER', 1).filter(([to]) => to === 'p');
      expect(toTop).toEqual([
        ['p', 3600],
        ['p', 7200],
      ]);
      expect(world.decisions().find(({ rule }) => rule === '6.3:recovery-failed')?.atMs).toBe(3_616_000);
      expect(returns(world)).toEqual([]);
    }));

  test('RED-20 AR = No, S1 still dead at 600: a call at 700 waits until 716; the next return at 1316', () =>
    play(listLine({ proxyFallbackIntvl: 600 }), async (world) => {
      await world.party('2000');
      await failOver(world);
      world.wire.silence('10.0.0.1');
      await world.runTo(700);
      await dial(world);
      await world.runTo(717);
      expect(sentTo(world, 'INVITE', 699)).toEqual([
        ['p', 700],
        ['a', 716],
      ]);
      await world.line().command('hangup');
      world.wire.heal();
      await world.runTo(1400);
      expect(returns(world)).toEqual([600, 1316]);
    }));

  test.each([
    ['RED-21 a call from 550 to 745: 745 (AG12)', 550, 745, 745],
    ['RED-22 a call from 300 to 500: 600', 300, 500, 600],
    ['RED-23 a call that ends at 2000: 2000 (D-24)', 550, 2000, 2000],
  ])('%s', (_, fromS, toS, expected) =>
    play(listLine({ proxyFallbackIntvl: 600 }), async (world) => {
      await world.party('2000');
      await failOver(world);
      await world.runTo(fromS);
      await dial(world);
      await world.runTo(toS);
      await world.line().command('hangup');
      await world.runTo(expected + 100);
      expect(returns(world)).toEqual([expected]);
    }),
  );

  test('RED-24, 25 after the return everything goes to S1; Remove Last Reg withdraws the old binding once', () =>
    play({ ...listLine({ ...ar, proxyFallbackIntvl: 600 }), phone: { removeLastReg: true } }, async (world) => {
      await world.party('2000');
      await failOver(world);
      await world.runTo(3601);
      expect(world.a.bindings()).toEqual([]);
      await dial(world);
      await world.line().command('hangup');
      await world.runTo(7000);
      expect(new Set([...sentTo(world, 'INVITE', 3600), ...sentTo(world, 'REGISTER', 3601)].map(([to]) => to))).toEqual(
        new Set(['p']),
      );
      const removals = world.wire
        .requests({ to: '10.0.0.2', method: 'REGISTER' })
        .filter(({ message }) => message.header('Expires') === '0');
      expect(removals.length).toBeGreaterThan(0);
    }));

  test('RED-26 X Fallback Spread 30: all instants in [600, 630]', async () => {
    const seen = new Set<number>();
    for (let seed = 0; seed < 30; seed++) {
      const [atS = 0] = await returnsOf(0, { proxyFallbackIntvl: 600, xFallbackSpread: 30 }, 700, { seed });
      expect(atS).toBeGreaterThanOrEqual(600);
      expect(atS).toBeLessThanOrEqual(630);
      seen.add(atS);
    }
    expect(seen.size).toBeGreaterThan(20);
  });

  test('X Fallback Hold 3: three answered OPTIONS, 30 s apart, come before the return (anti-flap)', () =>
    play(listLine({ proxyFallbackIntvl: 600, xFallbackHold: 3 }), async (world) => {
      await world.party('2000');
      await failOver(world);
      await world.runTo(700);
      expect(sentTo(world, 'OPTIONS', 1)).toEqual([
        ['p', 600],
        ['p', 630],
        ['p', 660],
      ]);
      expect(returns(world)).toEqual([660]);
    }));

  test('X Fallback Hold: silence puts it off by another interval', () =>
    play(listLine({ proxyFallbackIntvl: 600, xFallbackHold: 3 }), async (world) => {
      await world.party('2000');
      await failOver(world);
      await world.runTo(610);
      world.wire.silence('10.0.0.1');
      await world.runTo(650);
      world.wire.heal();
      await world.runTo(1400);
      // The second OPTIONS of 630 was silent until 646: another 600 s, then three answers.
      expect(returns(world)).toEqual([1306]);
    }));

  test('RED-29 a restart at 100 begins at the top again; tF = 116 (D-45)', () =>
    play(listLine({ ...ar, proxyFallbackIntvl: 600 }), async (world) => {
      await world.party('2000');
      await failOver(world);
      world.wire.silence('10.0.0.1');
      await world.runTo(100);
      await world.line().command('restart');
      await world.runTo(120);
      expect(sentTo(world, 'REGISTER', 100)).toEqual([
        ['a', 100],
        ['p', 100],
        ['a', 116],
      ]);
      expect((await world.line().explain()).next.find(({ what }) => what === 'fallback')?.atMs).toBe((116 + 3600) * 1000);
    }));
});
