import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Kamailio, startKamailio } from './support/kamailio.ts';
import { type OffhookRunner, offhook, startRunner, writeConfiguration } from './support/runner.ts';
import { createSipp, type Sipp } from './support/sipp.ts';
import { openStage, type Stage } from './support/stage.ts';
import { describePeers } from './support/suite.ts';
import { dualTemplate, type FileText } from './support/yaml.ts';

describePeers('two runners on one UDP port', ['kamailio', 'sipp'], () => {
  let stage: Stage;
  let primary: Kamailio;
  let first: OffhookRunner;
  let sipp: Sipp;
  let file: FileText;

  beforeAll(async () => {
    stage = await openStage();
    primary = stage.keep(await startKamailio(stage.network, stage.folder, 'primary'));
    const alternate = stage.keep(await startKamailio(stage.network, stage.folder, 'alternate'));
    sipp = stage.keep(createSipp(stage.network, stage.folder));
    file = {
      listen: [{ protocol: 'udp', port: stage.network.port() }],
      template: dualTemplate(primary, alternate),
      lines: [{ userId: '1001' }],
    };
    first = stage.keep(await startRunner({ ...stage, name: 'first', file }));
    await first.registered(10_000);
  }, 60_000);
  afterAll(() => stage?.close(), 30_000);

  it('the second says which port is taken and exits 3; the first keeps its datagrams', { timeout: 60_000 }, async () => {
    const requestsBefore = primary.requests.length;
    const path = await writeConfiguration(stage.folder, 'second', { ...file, lines: [{ userId: '1002' }] });
    const second = await offhook(stage.network, ['run', path, '--socket', join(stage.folder, 'second.sock')]);

    expect(second.code).toBe(3);
    expect(second.value).toBeUndefined();
    expect(second.errors).toContain(String(file.listen[0]?.port));
    expect(primary.requests.slice(requestsBefore)).toEqual([]);

    const calling = sipp.call('1001', primary);
    calling.catch(() => {});
    await first.callThat('1001', 10_000, ({ state }) => state === 'ringing');
    await first.answer('1001');
    await calling;
  });
});
