import { afterAll, beforeAll, expect, it } from 'vitest';
import { startKamailio } from './support/kamailio.ts';
import { startNats } from './support/nats.ts';
import { type OffhookRunner, offhook, startRunner } from './support/runner.ts';
import { type CalledParty, createSipp } from './support/sipp.ts';
import { openStage, type Stage } from './support/stage.ts';
import { describePeers } from './support/suite.ts';
import { dualTemplate } from './support/yaml.ts';

describePeers('a runner on a NATS bus', ['kamailio', 'sipp', 'nats-server'], () => {
  let stage: Stage;
  let runner: OffhookRunner;
  let party: CalledParty;

  beforeAll(async () => {
    stage = await openStage();
    const nats = stage.keep(await startNats(stage.network));
    const primary = stage.keep(await startKamailio(stage.network, stage.folder, 'primary'));
    const alternate = stage.keep(await startKamailio(stage.network, stage.folder, 'alternate'));
    const sipp = stage.keep(createSipp(stage.network, stage.folder));
    party = await sipp.called('9000', 1);
    await sipp.register(party, primary);
    runner = stage.keep(
      await startRunner({
        ...stage,
        name: 'runner',
        bus: nats.url,
        file: {
          listen: [{ protocol: 'udp', port: stage.network.port() }],
          template: dualTemplate(primary, alternate),
          lines: [{ from: 1000, count: 10 }],
        },
      }),
    );
  }, 60_000);
  afterAll(() => stage?.close(), 30_000);

  it('lines register, a call is placed and ends, and SIGTERM withdraws', { timeout: 60_000 }, async () => {
    await runner.registered(10_000);

    const call = await offhook(stage.network, ['call', '1003', party.user, '--duration', '1', '--socket', runner.socket]);
    expect(call).toMatchObject({ code: 0, value: { answered: true, call: { leg: 'primary' } } });
    await party.done(5_000);

    expect(await runner.stop()).toBe(130);
  });
});
