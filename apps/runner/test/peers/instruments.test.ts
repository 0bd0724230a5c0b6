import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Capture, startCapture } from './support/capture.ts';
import { type Kamailio, startKamailio } from './support/kamailio.ts';
import { createSipp, type Sipp } from './support/sipp.ts';
import { openStage, type Stage } from './support/stage.ts';
import { describePeers } from './support/suite.ts';

/** The instruments of this suite measure what they say, without Offhook in the picture. */
describePeers('instruments', ['kamailio', 'sipp', 'tshark'], () => {
  let stage: Stage;
  let kamailio: Kamailio;
  let capture: Capture;
  let sipp: Sipp;

  beforeAll(async () => {
    stage = await openStage();
    capture = stage.keep(await startCapture(stage.network));
    kamailio = stage.keep(await startKamailio(stage.network, stage.folder, 'registrar'));
    sipp = stage.keep(createSipp(stage.network, stage.folder));
  }, 60_000);
  afterAll(() => stage?.close());

  it('a registrar challenges, saves and lists a binding, and the capture sees each packet of it', async () => {
    const party = await sipp.called('9000', 1);
    await sipp.register(party, kamailio);

    const [binding, ...others] = await kamailio.bindings();
    expect(binding).toMatchObject({ user: '9000', contact: `sip:9000@127.0.0.1:${party.port}`, cseq: 2 });
    expect(others).toEqual([]);
    expect(kamailio.requests.map(({ outcome, cseq, nonceCount, expiresS }) => ({ outcome, cseq, nonceCount, expiresS }))).toEqual(
      [
        { outcome: 'challenged', cseq: 1, nonceCount: undefined, expiresS: 3600 },
        { outcome: 'saved', cseq: 2, nonceCount: 1, expiresS: 3600 },
      ],
    );
    const sent = (await capture.packets()).filter(({ callId }) => callId === binding?.callId);
    expect(sent.map(({ method, status }) => method || status)).toEqual(['REGISTER', 401, 'REGISTER', 200]);

    await sipp.call('9000', kamailio);
    await party.done(5_000);
  });

  it('a fault answers as it was told until it is healed', async () => {
    await kamailio.answerWith('INVITE', 503);
    await expect(sipp.call('9000', kamailio)).rejects.toThrow();
    await kamailio.heal();
    expect((await capture.packets()).filter(({ status, cseqMethod }) => status === 503 && cseqMethod === 'INVITE')).not.toEqual(
      [],
    );
  });

  it('a silenced port answers nothing, and is heard again when healed', async () => {
    const hello = ['bash', '-c', `exec 3<>/dev/tcp/127.0.0.1/${kamailio.port}`] as const;
    await stage.network.silence(kamailio.port);
    await expect(stage.network.run(hello, { withinMs: 500 })).rejects.toThrow('Not within');
    await stage.network.heal();
    await stage.network.run(hello);
  });

  it('a refusal is seen as ICMP over UDP and as a reset over TCP', async () => {
    const bindingsBefore = (await kamailio.bindings()).length;
    await kamailio.stop();
    await stage.network.run(['bash', '-c', `echo x >/dev/udp/127.0.0.1/${kamailio.port}`]);
    await stage.network.run(['bash', '-c', `! exec 3<>/dev/tcp/127.0.0.1/${kamailio.port}`]);
    const refusals = (await capture.packets()).filter(
      ({ kind, from, to }) => kind !== 'sip' && [from, to].includes(kamailio.port),
    );
    expect(refusals.map(({ kind }) => kind)).toEqual(['icmp', 'reset']);

    await kamailio.start();
    expect({ bindingsBefore, after: await kamailio.bindings() }).toEqual({ bindingsBefore: 1, after: [] });
  });
});
