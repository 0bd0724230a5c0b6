import { createWorld, dualLine, singleLine, type World, type WorldOptions, worldAddresses, worldDomain } from '@offhook/lab';
import type { Explanation } from '@offhook/runtime';

/* Lines in the states that `offhook explain` has to make clear, each in a world of its own that began at nine o'clock. */

const startMs = Date.UTC(2026, 0, 5, 9);
const top = worldAddresses.p.host;

/** What a line explains of itself after an act. */
async function explained(options: WorldOptions, act: (world: World) => Promise<void>): Promise<Explanation> {
  const world = await createWorld({ startMs, ...options });
  await world.party('2000');
  await act(world);
  const found = await world.line().explain();
  await world.powerCut();
  await world.stop();
  return found;
}

const run =
  (seconds: number) =>
  async (world: World): Promise<void> => {
    await world.run(seconds);
  };

/** A call that takes a while to be placed, and ends. */
async function call(world: World, seconds: number): Promise<void> {
  await world.line().command('call', { target: '2000' });
  await world.run(seconds);
  for (const { id } of world.line().status().calls) await world.line().command('hangup', { call: id });
}

const entry = (side: 'p' | 'a' | 's3', rank: number): string => `${side}.example:p=${rank}:A=${worldAddresses[side].host}`;
const list = `${worldDomain}:SRV=${entry('p', 0)}|${entry('a', 1)}|${entry('s3', 2)}`;

type Line = Parameters<typeof singleLine>[0];
const listOf = (line: Line = {}): WorldOptions => ({
  lines: [singleLine({ proxy: list, proxyFallbackIntvl: 600, ...line })],
  servers: ['s3'],
});

/** The best server falls silent, a call moves the line, and the server stays silent. */
async function failOver(world: World): Promise<void> {
  await world.run(100);
  world.wire.silence(top);
  await call(world, 20);
  await world.run(5);
}

const single = (): Promise<Explanation> => explained({ lines: [singleLine()] }, run(60));

const singleRefused = (): Promise<Explanation> =>
  explained(
    { lines: [singleLine()], prepare: (world) => void world.p.answer('REGISTER', [{ status: 503, retryAfterS: 90 }]) },
    run(10),
  );

const dual = (): Promise<Explanation> => explained({ lines: [dualLine()] }, run(60));

const dualFailedOver = (): Promise<Explanation> =>
  explained({ lines: [dualLine()], prepare: (world) => world.wire.silence(top) }, run(20));

const listFailedOver = (): Promise<Explanation> => explained(listOf(), failOver);

/** The REGISTER to the best server is on its way, 600 s after the registration at the second one began. */
const listRecovering = (): Promise<Explanation> =>
  explained(listOf({ autoRegisterWhenFailover: true, registerExpires: 600, proxyFallbackIntvl: 300 }), async (world) => {
    await failOver(world);
    await world.runTo(720);
  });

const listOutOfService = (): Promise<Explanation> =>
  explained(listOf(), async (world) => {
    await world.run(10);
    for (const side of ['p', 'a', 's3'] as const) world.wire.silence(worldAddresses[side].host);
    await call(world, 60);
    await world.run(10);
  });

const gatewayTier = (): Promise<Explanation> =>
  explained(
    {
      lines: [
        singleLine({
          ...{ proxy: `${worldDomain}:SRV=${entry('p', 0)}|${entry('a', 1)}`, survivabilityProxy: worldAddresses.s3.host },
          ...{ survivabilityProxyFallbackIntvl: 120, proxyFallbackIntvl: 600, autoRegisterWhenFailover: true },
        }),
      ],
      servers: ['s3'],
    },
    async (world) => {
      await world.run(10);
      for (const side of ['p', 'a'] as const) world.wire.silence(worldAddresses[side].host);
      await call(world, 40);
      await world.run(10);
    },
  );

/** Proxy Fallback Intvl 0: a server that works is never left. */
const listWithoutReturn = (): Promise<Explanation> => explained(listOf({ proxyFallbackIntvl: 0 }), failOver);

/** A call whose primary kept silent. */
const dualCall = (): Promise<Explanation> => explained({ lines: [dualLine()] }, failOver);

export const stories = {
  single,
  singleRefused,
  dual,
  dualFailedOver,
  listFailedOver,
  listRecovering,
  listOutOfService,
  gatewayTier,
  listWithoutReturn,
  dualCall,
};
