import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Kamailio, startKamailio } from './support/kamailio.ts';
import { type OffhookRunner, startRunner } from './support/runner.ts';
import { openStage, type Stage } from './support/stage.ts';
import { describePeers } from './support/suite.ts';
import { until } from './support/waiting.ts';
import { dualTemplate } from './support/yaml.ts';

const overUdp = { from: 1000, count: 10 };
const overTcp = { from: 2000, count: 10 };
const usersOf = ({ from, count }: { from: number; count: number }): readonly string[] =>
  Array.from({ length: count }, (_, n) => String(from + n));

describePeers('a registrar restarted with its bindings lost, Register Expires 60', ['kamailio'], () => {
  let stage: Stage;
  let primary: Kamailio;
  let runner: OffhookRunner;

  beforeAll(async () => {
    stage = await openStage();
    primary = stage.keep(await startKamailio(stage.network, stage.folder, 'primary'));
    const alternate = stage.keep(await startKamailio(stage.network, stage.folder, 'alternate'));
    runner = stage.keep(
      await startRunner({
        ...stage,
        name: 'runner',
        file: {
          listen: [
            { protocol: 'udp', port: stage.network.port() },
            { protocol: 'tcp', port: stage.network.port() },
          ],
          phone: { regRetryIntvl: 2 },
          template: dualTemplate(primary, alternate, { registerExpires: 60 }),
          lines: [overUdp, { ...overTcp, sipTransport: 'TCP' }],
        },
      }),
    );
    await runner.registered(15_000);
  }, 60_000);
  afterAll(() => stage?.close(), 30_000);

  it('is told of every line again: over TCP within 5 s, over UDP within 40 s', { timeout: 60_000 }, async () => {
    const lostAtMs = Date.now();
    await primary.stop();
    await primary.start();
    const listed = async (): Promise<ReadonlySet<string>> => new Set((await primary.bindings()).map(({ user }) => user));
    const left = async (users: readonly string[]): Promise<readonly string[]> => {
      const found = await listed();
      return users.filter((user) => !found.has(user));
    };
    const back = async (users: readonly string[], withinMs: number): Promise<number> => {
      await until(
        'the lines are back',
        withinMs,
        async () => (await left(users)).length === 0,
        () => primary.requests.slice(-5),
      );
      return Date.now() - lostAtMs;
    };

    expect(await back(usersOf(overTcp), 10_000)).toBeLessThan(5_000);
    expect(await back(usersOf(overUdp), 45_000)).toBeLessThan(40_000);
    await runner.registered(1_000);
  });
});
