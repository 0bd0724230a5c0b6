import { describe, expect, test } from 'vitest';
import { createWorld, dualLine, singleLine, type World, type WorldOptions } from '../../src/index.ts';

/* Two registrations at once, and out-of-dialog requests between them: section 9.4, with MESSAGE. */

const rules = (world: World, line?: string): readonly string[] => world.decisions(line).map(({ rule }) => rule);
const message = (world: World): Promise<unknown> => world.line().begin('message', { target: '2000', text: 'hello' });
const usable = (world: World): readonly boolean[] =>
  world
    .line()
    .status()
    .legs.map((leg) => leg.usable);
/** Where each request went first, and when. */
const first = (world: World, method: string): unknown[] => {
  const seen = new Set<string>();
  return world.sent(method).filter(([to]) => !seen.has(to) && seen.add(to));
};

async function story(options: WorldOptions, act: (world: World) => Promise<void>): Promise<void> {
  const world = await createWorld(options);
  await act(world);
  world.wire.heal();
  world.p.clear();
  world.a.clear();
  await world.stop();
}

describe('both legs register, always and independently (6.4 invariant 1)', () => {
  test('RED-80 two REGISTERs with different Call-IDs, both kept alive', () =>
    story({}, async (world) => {
      await world.run(5_000);
      const callIds = (side: 'p' | 'a'): Set<string> =>
        new Set(world[side].seen({ method: 'REGISTER' }).map(({ callId }) => callId));
      expect([callIds('p').size, callIds('a').size]).toEqual([1, 1]);
      expect([...callIds('p')]).not.toEqual([...callIds('a')]);
      expect(usable(world)).toEqual([true, true]);
      expect(world.p.seen({ method: 'REGISTER' })).toHaveLength(3);
    }));

  test('RED-98 an alternate that is unreachable at boot leaves the primary alone', () =>
    story({ prepare: ({ wire }) => wire.silence('10.0.0.2') }, async (world) => {
      await world.run(1);
      expect(usable(world)).toEqual([true, false]);
      await world.run(100);
      expect(world.p.seen({ method: 'REGISTER' })).toHaveLength(2);
    }));

  test('RED-97 a primary rejected for good leaves the alternate working', () =>
    story({ phone: { regRetryLongIntvl: 0 }, prepare: ({ p }) => p.answer('REGISTER', 403) }, async (world) => {
      await world.run(5_000);
      expect(
        world
          .line()
          .status()
          .legs.map(({ registration }) => registration),
      ).toEqual(['rejected', 'registered']);
      expect(rules(world)).toContain('5.4:long=0');
      expect(world.line().status().route).toBe('failedOver');
    }));

  test('RED-87 without Dual Registration no packet ever goes to the alternate', () =>
    story({ lines: [singleLine({ alternateProxy: '10.0.0.2' })] }, async (world) => {
      world.wire.silence('10.0.0.1');
      await world.run(5_000);
      expect(world.wire.requests({ to: '10.0.0.2' })).toEqual([]);
    }));

  test('RED-88 without an alternate the line runs single and says so', () =>
    story({ lines: [singleLine({ dualRegistration: true })] }, async (world) => {
      await world.run(1);
      const status = world.line().status();
      expect([status.mode, status.legs.length]).toEqual(['single', 1]);
      expect(status.findings.map(({ code }) => code)).toContain('dual.no-alternate');
    }));

  test.each([
    ['DNS SRV recovery', { useDnsSrv: true, proxyFallbackIntvl: 600 }],
    ['the Broadsoft mechanism', { xMechanism: 'broadsoft' }],
  ])('RED-89 %s is refused, the line stays dual and has no fallback timer', (_name, values) =>
    story({ lines: [dualLine(values)] }, async (world) => {
      await world.run(2_000);
      const status = world.line().status();
      expect([status.mode, status.degraded]).toEqual(['dual', true]);
      expect(usable(world)).toEqual([true, true]);
      expect(status.refusals[0]).toMatchObject({ code: 'policy.conflict', remedy: expect.stringMatching(/Set/) });
      expect(rules(world)).toContain('D-11:policy.conflict');
      const { next } = await world.line().explain();
      expect(new Set(next.map(({ what }) => what))).toEqual(new Set(['refresh', 'expiry']));
    }),
  );

  test('RED-99 with only an alternate outbound proxy the alternate registers at the primary domain (D-07)', () =>
    story({ lines: [singleLine({ dualRegistration: true, alternateOutboundProxy: '10.0.0.2' })] }, async (world) => {
      await world.run(1);
      const [request] = world.wire.requests({ to: '10.0.0.2', method: 'REGISTER' });
      expect(request?.message.uri).toBe('sip:10.0.0.1');
      expect(request?.message.header('Route')).toContain('10.0.0.2');
    }));

  test('RED-58 one line fails over, another on the same servers keeps its route (D-31)', () =>
    story({ lines: [dualLine(), dualLine({ userId: '1002' })] }, async (world) => {
      await world.run(1);
      world.p.answer('REGISTER', 503, { when: ({ from }) => from.uri.includes('1001') });
      await world.runTo(2_800);
      expect(world.line('1001').status().route).toBe('failedOver');
      expect(world.line('1002').status().route).toBe('onTop');
    }));
});

describe('out-of-dialog requests (6.4, with MESSAGE)', () => {
  test('RED-93 a MESSAGE that times out on the primary is tried once on the alternate', () =>
    story({}, async (world) => {
      await world.party('2000');
      await world.run(1);
      world.wire.silence('10.0.0.1');
      const sent = message(world);
      const result = await world.until(sent);
      expect(result).toMatchObject({ ok: true, status: 200, leg: 'alternate' });
      expect(first(world, 'MESSAGE')).toEqual([
        ['p', 1],
        ['a', 17],
      ]);
      expect(rules(world)).toEqual(expect.arrayContaining(['6.4:both-usable', '6.4:primary-failed/no-response']));
    }));

  test('the retried request has the same Call-ID, From tag and CSeq, a new branch, and the host of the alternate (D-21, D-47)', () =>
    story({}, async (world) => {
      await world.party('2000');
      await world.run(1);
      world.wire.silence('10.0.0.1');
      await world.until(message(world));
      const [toP] = world.wire.requests({ to: '10.0.0.1', method: 'MESSAGE' });
      const [toA] = world.wire.requests({ to: '10.0.0.2', method: 'MESSAGE', from: '10.0.0.9' });
      const identity = (packet: typeof toP): unknown => [
        packet?.message.callId,
        packet?.message.from.params.get('tag'),
        packet?.message.cseq.number,
      ];
      expect(identity(toA)).toEqual(identity(toP));
      expect(toA?.message.via.branch).not.toBe(toP?.message.via.branch);
      expect([toP?.message.uri, toA?.message.uri]).toEqual(['sip:2000@10.0.0.1', 'sip:2000@10.0.0.2']);
      expect(toA?.message.from.uri).toBe(toP?.message.from.uri);
    }));

  test('with the primary leg down a MESSAGE goes to the alternate at once, no packet to the primary', () =>
    story({ prepare: ({ p }) => p.answer('REGISTER', 403) }, async (world) => {
      await world.party('2000');
      await world.run(1);
      await world.until(message(world));
      expect(world.sent('MESSAGE')).toEqual([['a', 1]]);
      expect(rules(world)).toContain('6.4:alternate-only');
    }));

  test('RED-36 an ICMP refusal by the primary moves it within the instant (D-18)', () =>
    story({}, async (world) => {
      await world.party('2000');
      await world.run(1);
      world.wire.refuse('10.0.0.1');
      await world.until(message(world));
      expect(world.sent('MESSAGE')).toEqual([
        ['p', 1],
        ['a', 1],
      ]);
      expect(rules(world)).toContain('6.4:primary-failed/transport');
    }));

  test.each([
    ['empty', '', 'delivers the 503', [['p', 1]]],
    [
      '503',
      '503',
      'tries the alternate',
      [
        ['p', 1],
        ['a', 1],
      ],
    ],
  ])('RED-92 a 503 with Try Backup RSC %s %s%s', (_name, tryBackupRsc, _does, expected) =>
    story({ phone: { tryBackupRsc } }, async (world) => {
      await world.party('2000');
      await world.run(1);
      world.p.answer('MESSAGE', 503);
      await world.until(message(world));
      expect(world.sent('MESSAGE')).toEqual(expected);
    }),
  );

  test('both failed: the last failure is reported', () =>
    story({}, async (world) => {
      await world.run(1);
      world.wire.silence('10.0.0.1');
      world.wire.silence('10.0.0.2');
      expect(await world.until(message(world))).toEqual({ ok: false, reason: 'no-response' });
      expect(world.nowS).toBe(33);
      expect(rules(world)).toContain('6.4:both-failed');
    }));

  test('with nothing registered it waits for a registration, at most 32 s, and 16 at once', () =>
    story(
      {
        prepare: ({ p, a }) => {
          for (const each of [p, a]) each.answer('REGISTER', 503);
        },
        phone: { retryRegRsc: '5??', regRetryIntvl: 20 },
      },
      async (world) => {
        await world.party('2000');
        await world.run(5);
        const results = Array.from({ length: 17 }, () => message(world));
        expect(await world.until(results[16] as Promise<unknown>)).toMatchObject({
          ok: false,
          status: 480,
          reason: 'queue-full',
        });
        world.a.clear();
        expect(await world.until(results[0] as Promise<unknown>)).toMatchObject({ ok: true, leg: 'alternate' });
        expect(world.nowS).toBe(20);
        expect(rules(world)).toContain('6.4:none-registered/queue');
        await world.until(Promise.all(results));
      },
    ));

  test('a request that waited 32 s gets a local 480', () =>
    story(
      {
        prepare: ({ wire }) => {
          wire.silence('10.0.0.1');
          wire.silence('10.0.0.2');
        },
      },
      async (world) => {
        await world.run(1);
        expect(await world.until(message(world))).toMatchObject({ ok: false, status: 480, reason: 'not-registered' });
        expect(world.nowS).toBe(33);
        expect(world.sent('MESSAGE')).toEqual([]);
      },
    ));
});

describe('registration over TCP (D-48)', () => {
  const tcp = { lines: [dualLine({ sipTransport: 'TCP' })] };

  test('a lost connection is reopened at once, with the same Call-ID and CSeq+1', () =>
    story(tcp, async (world) => {
      await world.run(10);
      world.wire.hangUp('10.0.0.1');
      await world.run(0.001);
      const seen = world.p.seen({ method: 'REGISTER' });
      expect(seen.map(({ atMs }) => Math.round(atMs))).toEqual([0, 0, 10_000]);
      expect(seen.map(({ cseq }) => cseq)).toEqual([1, 2, 3]);
      expect(new Set(seen.map(({ callId }) => callId)).size).toBe(1);
      expect(rules(world)).toContain('D-48:disconnect');
      expect(usable(world)).toEqual([true, true]);
    }));

  test('after that it waits the short delay between attempts, and the alternate serves meanwhile', () =>
    story(tcp, async (world) => {
      await world.run(10);
      world.wire.refuse('10.0.0.1');
      await world.run(1);
      expect(usable(world)).toEqual([false, true]);
      world.wire.heal();
      await world.runTo(41);
      expect(usable(world)).toEqual([true, true]);
      expect(world.p.seen({ method: 'REGISTER' }).map(({ atMs }) => Math.round(atMs / 1000))).toEqual([0, 0, 40]);
    }));

  test('RED-34 refused on connect: registered at the alternate, retried by 5.4', () =>
    story({ ...tcp, prepare: ({ wire }) => wire.refuse('10.0.0.1') }, async (world) => {
      await world.run(1);
      expect(usable(world)).toEqual([false, true]);
      expect(world.decisions().find(({ rule }) => rule === '5.4:short')?.atMs).toBe(0);
    }));

  test('RED-35 an unanswered SYN counts as failed at Timer F', () =>
    story({ ...tcp, prepare: ({ wire }) => wire.silence('10.0.0.1') }, async (world) => {
      await world.run(20);
      expect(world.decisions().find(({ rule }) => rule === '5.4:short')?.atMs).toBe(16_000);
    }));
});

describe('resume (D-46)', () => {
  test('after a power cut the binding goes on: same Call-ID, higher CSeq, nothing before its time', async () => {
    const kept = new Map<string, Record<string, unknown>>();
    const store = {
      load: async (line: string) => ({ ...(kept.get(line) ?? {}) }),
      save: (line: string, leg: string, facts: unknown) => void kept.set(line, { ...(kept.get(line) ?? {}), [leg]: facts }),
      flush: async () => {},
      close: async () => {},
    };
    await story({ store: store as NonNullable<WorldOptions['store']> }, async (world) => {
      await world.run(100);
      await world.powerCut();
      await world.run(10);
      await world.boot();
      await world.runTo(2_700);
      expect(world.p.seen({ method: 'REGISTER' })).toHaveLength(2);
      expect(usable(world)).toEqual([true, true]);
      expect(rules(world)).toContain('D-46:resume');
      await world.runTo(2_800);
      const seen = world.p.seen({ method: 'REGISTER' });
      expect(new Set(seen.map(({ callId }) => callId)).size).toBe(1);
      expect(seen[2]?.cseq).toBeGreaterThan(100);
      expect(seen[2]?.atMs).toBeCloseTo(2_795_520);
    });
  });
});
