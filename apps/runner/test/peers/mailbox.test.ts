import { afterAll, beforeAll, expect, it } from 'vitest';
import { startKamailio } from './support/kamailio.ts';
import { type OffhookRunner, startRunner } from './support/runner.ts';
import { type CalledParty, createSipp } from './support/sipp.ts';
import { openStage, type Stage } from './support/stage.ts';
import { describePeers } from './support/suite.ts';
import { until } from './support/waiting.ts';

describePeers('messages waiting, behind a proxy that records its route', ['kamailio', 'sipp'], () => {
  let stage: Stage;
  let mailbox: CalledParty;
  let runner: OffhookRunner;

  beforeAll(async () => {
    stage = await openStage();
    const server = stage.keep(await startKamailio(stage.network, stage.folder, 'server'));
    const sipp = stage.keep(createSipp(stage.network, stage.folder));
    mailbox = await sipp.mailbox('mailbox');
    await sipp.register(mailbox, server);
    runner = stage.keep(
      await startRunner({
        ...stage,
        name: 'runner',
        file: {
          listen: [{ protocol: 'udp', port: stage.network.port() }],
          template: { proxy: server.address, password: 'secret', voiceMailServer: 'mailbox@$PROXY' },
          lines: [{ userId: '1001' }],
        },
      }),
    );
    await runner.registered(10_000);
  }, 60_000);
  afterAll(() => stage?.close(), 30_000);

  it('a line subscribes, tells what waits, and unsubscribes in the dialog when it ends', { timeout: 60_000 }, async () => {
    const known = await until('messages are told', 10_000, async () => {
      const [line] = await runner.lines();
      return line?.subscriptions.find(({ messages }) => messages !== undefined);
    });
    expect(known).toMatchObject({
      state: 'active',
      leg: 'primary',
      messages: { waiting: true, voice: { new: 2, old: 8, urgentNew: 0, urgentOld: 2 } },
    });
    expect(await runner.stop()).toBe(130);
    await mailbox.done(5_000);
  });
});
