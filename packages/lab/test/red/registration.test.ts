import { describe, expect, test } from 'vitest';
import { createWorld, dualLine, singleLine, type World, type WorldOptions } from '../../src/index.ts';

/* Registration retry, expiry and refresh: section 9.3 of the redundancy reference. Bytes to bytes, in virtual time. */

const silent: NonNullable<WorldOptions['prepare']> = ({ wire }) => wire.silence('10.0.0.1');

/** Instants of the first transmission of each REGISTER to the primary, s. */
const attempts = (world: World): readonly number[] => {
  const seen = new Set<string>();
  return world.wire
    .requests({ to: '10.0.0.1', method: 'REGISTER' })
    .filter(({ message }) => !seen.has(String(message.via.branch)) && seen.add(String(message.via.branch)))
    .map(({ atMs }) => Math.round(atMs) / 1000);
};
const rules = (world: World): readonly string[] => world.decisions().map(({ rule }) => rule);
const waits = (world: World): readonly number[] =>
  world.decisions().flatMap(({ rule, inputs }) => (rule.startsWith('5.4:') ? [Number(inputs.delayS)] : []));

async function story(options: WorldOptions, untilS: number, check: (world: World) => void | Promise<void>): Promise<void> {
  const world = await createWorld({ lines: [singleLine()], ...options });
  await world.run(untilS);
  await check(world);
  world.wire.heal();
  world.p.clear();
  await world.stop();
}

describe('5.4 REGISTER retry delay', () => {
  test('RED-31 an unanswered REGISTER is sent at 0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5 and given up at 16.0', () =>
    story({ prepare: silent }, 20, (world) => {
      expect(world.sent('REGISTER')).toEqual([0, 0.5, 1.5, 3.5, 7.5, 11.5, 15.5].map((at) => ['p', at]));
      expect(world.decisions().map(({ rule, atMs }) => [rule, atMs])).toContainEqual(['5.4:short', 16_000]);
    }));

  test('RED-60 timeouts with cap 0 wait 30 s each', () =>
    story({ prepare: silent }, 199, (world) => {
      expect(attempts(world)).toEqual([0, 46, 92, 138, 184]);
      expect(waits(world)).toEqual([30, 30, 30, 30]);
    }));

  test('RED-61 with cap 300 they wait 30, 60, 120, 240, 300, 300', () =>
    story({ prepare: silent, phone: { regRetryIntvlCap: 300 } }, 1_150, (world) => {
      expect(waits(world)).toEqual([30, 60, 120, 240, 300, 300]);
      expect(attempts(world)).toEqual([0, 46, 122, 258, 514, 830, 1146]);
    }));

  test('RED-62 the random delay comes on top, at most its value', () =>
    story({ prepare: silent, phone: { regRetryIntvlCap: 300, regRetryRandomDelay: 10 } }, 1_300, (world) => {
      const base = [30, 60, 120, 240, 300, 300];
      const drawn = waits(world);
      expect(drawn.length).toBeGreaterThan(4);
      for (const [i, wait] of drawn.entries()) {
        expect(wait).toBeGreaterThanOrEqual(base[i] ?? 300);
        expect(wait).toBeLessThanOrEqual((base[i] ?? 300) + 10);
      }
      expect(new Set(drawn.map((wait, i) => wait - (base[i] ?? 300))).size).toBeGreaterThan(1);
    }));

  test('RED-63 a cap below the interval means the interval', () =>
    story({ prepare: silent, phone: { regRetryIntvlCap: 20 } }, 100, (world) => {
      expect(waits(world)).toEqual([30, 30]);
    }));

  test('RED-64 a code of Retry Reg RSC takes the short interval', () =>
    story({ phone: { retryRegRsc: '5??' }, prepare: ({ p }) => p.answer('REGISTER', 503) }, 61, (world) => {
      expect(attempts(world)).toEqual([0, 30, 60]);
      expect(rules(world)).toContain('5.4:short');
    }));

  test('RED-65 any other code takes the long interval', () =>
    story({ phone: { retryRegRsc: '5??' }, prepare: ({ p }) => p.answer('REGISTER', 403) }, 1_300, (world) => {
      expect(attempts(world)).toEqual([0, 1200]);
      expect(rules(world)).toContain('5.4:long');
    }));

  test('RED-66 with an empty Retry Reg RSC every code takes the long interval (D-06)', () =>
    story({ prepare: ({ p }) => p.answer('REGISTER', 503) }, 1_300, (world) => expect(attempts(world)).toEqual([0, 1200])));

  test('RED-67 a long interval of 0 stops; line.restart re-arms', () =>
    story({ phone: { regRetryLongIntvl: 0 }, prepare: ({ p }) => p.answer('REGISTER', 403) }, 10_000, async (world) => {
      expect(attempts(world)).toEqual([0]);
      expect(world.line().status().legs[0]?.registration).toBe('rejected');
      expect(rules(world)).toContain('5.4:long=0');
      world.p.clear();
      await world.line().command('restart');
      await world.run(1);
      expect(world.line().status().legs[0]?.usable).toBe(true);
    }));

  test('RED-68 a 503 with Retry-After 45 waits 45 s, whatever the templates say', () =>
    story({ phone: { retryRegRsc: '5??' }, prepare: ({ p }) => p.answer('REGISTER', 503, { retryAfterS: 45 }) }, 50, (world) => {
      expect(attempts(world)).toEqual([0, 45]);
      expect(rules(world)).toContain('5.4:retry-after');
    }));

  test('RED-57 (dual) Retry-After blocks only the server that sent it', () =>
    story(
      { lines: [dualLine()], prepare: ({ p }) => p.answer('REGISTER', 503, { retryAfterS: 120, times: 1 }) },
      130,
      (world) => {
        expect(attempts(world)).toEqual([0, 120, 120]);
        expect(world.a.bindings('1001')).toHaveLength(1);
        const blocked = world.decisions().find(({ rule }) => rule === '5.4:retry-after')?.candidates[0];
        expect(blocked?.blockedUntilMs).toBe(120_000);
      },
    ));

  test('RED-69 the long random delay comes on top of the long interval', () =>
    story({ phone: { regRetryLongRandomDelay: 60 }, prepare: ({ p }) => p.answer('REGISTER', 403) }, 1_300, (world) => {
      expect(waits(world)[0]).toBeGreaterThanOrEqual(1_200);
      expect(waits(world)[0]).toBeLessThanOrEqual(1_260);
    }));

  test('RED-78 1000 lines with a random delay of 60 s spread their retries over 55 s and more', async () => {
    const lines = [singleLine({ userId: '{n}', from: 2000, count: 1000 })];
    const world = await createWorld({ lines, phone: { regRetryRandomDelay: 60 }, prepare: silent });
    await world.run(16.5);
    const retries = world
      .decisions()
      .filter(({ rule }) => rule === '5.4:short')
      .map(({ next }) => Number(next?.atMs) / 1000);
    expect(retries).toHaveLength(1000);
    expect(Math.max(...retries) - Math.min(...retries)).toBeGreaterThanOrEqual(55);
    const perSecond = new Map<number, number>();
    for (const at of retries) perSecond.set(Math.floor(at), (perSecond.get(Math.floor(at)) ?? 0) + 1);
    expect(Math.max(...perSecond.values())).toBeLessThanOrEqual(50);
    world.wire.heal();
    await world.stop();
  });
});

describe('5.5 expiry and refresh', () => {
  test('RED-70 a 423 is honoured at once', () =>
    story({ registrars: { minExpiresS: 7_000 } }, 10, (world) => {
      expect(
        world.p
          .seen({ method: 'REGISTER' })
          .map(({ expiresS }) => expiresS)
          .at(-1),
      ).toBe(7_000);
      expect(rules(world)).toContain('6.1:reg.tooBrief');
      expect(world.line().status().legs[0]?.usable).toBe(true);
    }));

  test('RED-71 it is honoured up to Reg Max Expires; a second 423 is an ordinary failure', () =>
    story({ registrars: { minExpiresS: 10_000 } }, 10, (world) => {
      const asked = world.p.seen({ method: 'REGISTER', repeated: false }).map(({ expiresS }) => expiresS);
      expect(asked.at(-1)).toBe(7_200);
      expect(rules(world)).toEqual(expect.arrayContaining(['6.1:reg.tooBrief', '5.4:long']));
    }));

  test.each([
    ['RED-72 clamps a short grant to Reg Min Expires', { grantS: 20 }, { regMinExpires: 60 }, 60],
    ['RED-73 clamps a long grant to Reg Max Expires', { grantS: 100_000, maxExpiresS: 200_000 }, {}, 7_200],
    ['RED-75 believes the Contact before the Expires header', { grantS: 300, expiresHeaderS: 900 }, {}, 300],
  ])('%s', (_name, registrars, phone, expected) =>
    story({ registrars, phone }, 1, (world) => {
      const accepted = world.decisions().find(({ rule }) => rule === '6.1:reg.ok');
      expect(accepted?.inputs.expiryS).toBe(expected);
      expect(world.line().status().legs[0]?.expiresAtMs).toBe(expected * 1000);
    }),
  );

  test.each([
    [600, 455.52],
    [60, 34.32],
    [30, 15],
  ])('RED-74 granted %s s is refreshed at %s s, in one transaction', (grantS, refreshS) =>
    story({ registrars: { grantS } }, refreshS + 1, (world) => {
      const seen = world.p.seen({ method: 'REGISTER' });
      expect(seen.map(({ atMs }) => atMs / 1000)).toEqual([0, 0, refreshS]);
      expect(seen.map(({ cseq }) => cseq)).toEqual([1, 2, 3]);
      expect(new Set(seen.map(({ callId }) => callId)).size).toBe(1);
      expect(seen.at(-1)?.auth).toBe('ok');
    }),
  );

  test('RED-76 a refresh that fails leaves the line bound until its expiry, with retries 46 s apart', async () => {
    const world = await createWorld({ lines: [singleLine()] });
    await world.run(2_000);
    world.wire.silence('10.0.0.1');
    await world.runTo(3_599);
    const retries = attempts(world).filter((at) => at > 2_000);
    expect(retries.slice(0, 3)).toEqual([2795.52, 2841.52, 2887.52]);
    expect(world.line().status().legs[0]).toMatchObject({ bound: true, usable: false });
    await world.runTo(3_601);
    expect(world.line().status().legs[0]).toMatchObject({ bound: false, usable: false });
    expect(world.decisions().find(({ rule }) => rule === '6.1:clock.expiry')?.atMs).toBe(3_600_000);
    world.wire.heal();
    await world.stop();
  });

  test('RED-77 a challenge that is answered is no failure', () =>
    story({}, 5, (world) => {
      expect(world.p.seen({ method: 'REGISTER' }).map(({ auth }) => auth)).toEqual(['missing', 'ok']);
      expect(world.line().status().legs[0]?.failures).toBe(0);
    }));

  test('a wrong password backs off as 5.4 says and never hammers', () =>
    story({ lines: [singleLine({ password: 'wrong' })] }, 3_000, (world) => {
      expect(world.p.seen({ method: 'REGISTER' }).map(({ atMs }) => atMs / 1000)).toEqual([
        0, 0, 0, 1200, 1200, 1200, 2400, 2400, 2400,
      ]);
    }));
});
