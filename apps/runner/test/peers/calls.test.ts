import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Kamailio, startKamailio } from './support/kamailio.ts';
import { type OffhookRunner, offhook, startRunner } from './support/runner.ts';
import { createSipp, type Sipp } from './support/sipp.ts';
import { openStage, type Stage } from './support/stage.ts';
import { describePeers } from './support/suite.ts';
import { dualTemplate } from './support/yaml.ts';

const lines = [
  { protocol: 'UDP', line: '1001' },
  { protocol: 'TCP', line: '1002' },
] as const;

describePeers('calls through a registrar', ['kamailio', 'sipp'], () => {
  let stage: Stage;
  let primary: Kamailio;
  let runner: OffhookRunner;
  let sipp: Sipp;

  beforeAll(async () => {
    stage = await openStage();
    primary = stage.keep(await startKamailio(stage.network, stage.folder, 'primary'));
    const alternate = stage.keep(await startKamailio(stage.network, stage.folder, 'alternate'));
    sipp = stage.keep(createSipp(stage.network, stage.folder));
    runner = stage.keep(
      await startRunner({
        ...stage,
        name: 'runner',
        file: {
          listen: [
            { protocol: 'udp', port: stage.network.port() },
            { protocol: 'tcp', port: stage.network.port() },
          ],
          template: dualTemplate(primary, alternate),
          lines: lines.map(({ protocol, line }) => ({ userId: line, sipTransport: protocol })),
        },
      }),
    );
    await runner.registered(10_000);
  }, 60_000);
  afterAll(() => stage?.close(), 30_000);

  it.each(lines)(
    'a $protocol line calls a SIPp behind its primary, answering the challenge',
    { timeout: 60_000 },
    async ({ line }) => {
      const party = await sipp.called(`90${line}`, 1);
      await sipp.register(party, primary);
      await primary.challengeCalls();

      const { code, value } = await offhook(stage.network, [
        'call',
        line,
        party.user,
        '--duration',
        '1',
        '--socket',
        runner.socket,
      ]);
      await primary.heal();

      expect(value).toMatchObject({ answered: true, call: { direction: 'outgoing', leg: 'primary', state: 'ended' } });
      expect(code).toBe(0);
      await party.done(5_000);
    },
  );

  it.each(lines)(
    'a SIPp calls a $protocol line, which rings, answers and hears the end',
    { timeout: 60_000 },
    async ({ line }) => {
      const calling = sipp.call(line, primary);
      calling.catch(() => {});
      const isIncoming = ({ direction, state }: { direction: string; state: string }, wanted: string): boolean =>
        direction === 'incoming' && state === wanted;

      await runner.callThat(line, 10_000, (call) => isIncoming(call, 'ringing'));
      await runner.answer(line);

      await calling;
      await runner.callThat(line, 5_000, (call) => isIncoming(call, 'ended'));
      expect((await runner.lines()).flatMap(({ calls }) => calls)).toEqual([]);
    },
  );
});
