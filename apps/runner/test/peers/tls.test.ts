import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Authority, type Certificate, createAuthority } from './support/certificates.ts';
import { type Kamailio, startKamailio } from './support/kamailio.ts';
import { type OffhookRunner, offhook, startRunner } from './support/runner.ts';
import { createSipp, type Sipp } from './support/sipp.ts';
import { openStage, type Stage } from './support/stage.ts';
import { describePeers } from './support/suite.ts';
import { until } from './support/waiting.ts';
import { dualTemplate } from './support/yaml.ts';

const line = '4001';
/** Never registers: its calls try the primary each time. */
const unregistered = '4002';
const called = '9499';
const names = 'DNS:localhost';

describePeers('lines over TLS', ['kamailio', 'sipp', 'openssl'], () => {
  let stage: Stage;
  let authority: Authority;
  let stranger: Authority;
  let good: Certificate;
  let wrongName: Certificate;
  let primary: Kamailio;
  let alternate: Kamailio;
  let sipp: Sipp;

  /** A dual line over TLS that trusts the authority. */
  async function start(name: string, { tlsNameValidate = true, own = {} as Partial<Certificate> } = {}): Promise<OffhookRunner> {
    const servers = [{ address: primary.tlsAddress }, { address: alternate.tlsAddress }] as const;
    const file = {
      listen: [{ protocol: 'tls', port: 0 }],
      tls: { ca: authority.cert, ...own },
      cluster: name,
      template: dualTemplate(...servers, { sipTransport: 'TLS', tlsNameValidate }),
      lines: [{ userId: line }, { userId: unregistered, register: false }],
    } as const;
    return stage.keep(await startRunner({ ...stage, name, file }));
  }

  const isUsable = (runner: OffhookRunner, wanted: string): Promise<boolean> =>
    until(`the line is registered at the ${wanted}`, 10_000, async () =>
      (await runner.lines()).some(({ id, legs }) => id === line && legs.some(({ leg, usable }) => leg === wanted && usable)),
    );

  /** From now on the primary shows another certificate, and may demand one. */
  async function show(certificate: Certificate, demanded?: string): Promise<void> {
    await primary.stop();
    await primary.present(certificate, demanded);
    await primary.start();
  }

  /** What the line explains its last failure to register at the primary with. */
  async function whyNotPrimary(runner: OffhookRunner) {
    const { decisions } = await runner.explain(line);
    return decisions.findLast(({ leg, outcome }) => leg === 'primary' && outcome.action === 'wait')?.inputs;
  }

  /** Calls a party behind the alternate; the server that served it and the rules of the decisions about it. */
  async function callFrom(runner: OffhookRunner, from: string) {
    const decided = runner.decisions.length;
    const { id } = await runner.call(from, called);
    const { state, leg } = await runner.callThat(from, 10_000, (fact) => fact.id === id && ['up', 'ended'].includes(fact.state));
    await runner.hangup(from);
    await runner.callThat(from, 5_000, (fact) => fact.id === id && fact.state === 'ended');
    return { state, leg, decisions: runner.decisions.slice(decided).filter((decision) => decision.line === from) };
  }

  beforeAll(async () => {
    stage = await openStage();
    authority = await createAuthority(stage.folder, 'peers');
    stranger = await createAuthority(stage.folder, 'stranger');
    good = await authority.issue('server', names);
    wrongName = await authority.issue('wrong-name', 'DNS:other.peers.test');
    primary = stage.keep(await startKamailio(stage.network, stage.folder, 'primary', good));
    alternate = stage.keep(await startKamailio(stage.network, stage.folder, 'alternate', good));
    sipp = stage.keep(createSipp(stage.network, stage.folder));
    await sipp.register(await sipp.called(called), alternate);
  }, 60_000);
  afterAll(() => stage?.close(), 30_000);

  it('register at both servers, call through the primary and are called through it', { timeout: 60_000 }, async () => {
    const runner = await start('both');
    await isUsable(runner, 'primary');
    await isUsable(runner, 'alternate');
    for (const server of [primary, alternate]) {
      const binding = (await server.bindings()).find(({ user }) => user === line);
      expect(binding?.contact).toContain(';transport=tls');
    }

    const party = await sipp.called('9400', 1);
    await sipp.register(party, primary);
    await primary.challengeCalls();
    const call = ['call', line, party.user, '--duration', '1', '--socket', runner.socket];
    const { code, value } = await offhook(stage.network, call);
    await primary.heal();
    expect(value).toMatchObject({ answered: true, call: { leg: 'primary', state: 'ended' } });
    expect(code).toBe(0);
    await party.done(5_000);

    const calling = sipp.call(line, primary);
    calling.catch(() => {});
    await runner.callThat(line, 10_000, ({ direction, state }) => direction === 'incoming' && state === 'ringing');
    await runner.answer(line);
    await calling;
    await runner.callThat(line, 5_000, ({ direction, state }) => direction === 'incoming' && state === 'ended');
    expect(await runner.stop()).toBe(130);
    expect(await primary.bindings()).toMatchObject([{ user: party.user }]);
  });

  it.each([
    ['of another name', () => wrongName, /certificate is for "other\.peers\.test", not for "localhost"/],
    [
      'of an authority that is not trusted',
      () => stranger.issue('untrusted', names),
      /issued by "stranger", which is not trusted here/,
    ],
    ['that has expired', () => authority.issue('expired', names, { expired: true }), /certificate expired on .+; renew it there/],
  ] as const)('use the alternate when the primary shows a certificate %s, and say why', { timeout: 60_000 }, async (...given) => {
    const [, certificate, words] = given;
    await show(await certificate());
    const seen = primary.requests.length;
    const runner = await start('spoilt');
    await isUsable(runner, 'alternate');

    expect(await whyNotPrimary(runner)).toMatchObject({
      outcome: 'transport',
      connected: false,
      detail: expect.stringMatching(words),
    });

    expect(await callFrom(runner, line)).toMatchObject({ state: 'up', leg: 'alternate' });
    const unaided = await callFrom(runner, unregistered);
    expect(unaided).toMatchObject({ state: 'up', leg: 'alternate' });
    const moved = unaided.decisions.find(({ rule }) => rule === '6.4:alternate-unregistered/transport');
    expect(moved?.inputs).toMatchObject({ outcome: 'transport', detail: expect.stringMatching(words) });
    expect(primary.requests.slice(seen)).toEqual([]);
    expect(await runner.stop()).toBe(130);
  });

  it('show a certificate to a server that demands one, and say what is missing without', { timeout: 60_000 }, async () => {
    await show(good, authority.cert);
    const [bare, known] = [
      await start('bare'),
      await start('known', { own: await authority.issue('desk', 'DNS:desk.peers.test') }),
    ];
    await isUsable(known, 'primary');
    const why = await until('the failure is explained', 10_000, () => whyNotPrimary(bare));
    expect(why).toMatchObject({
      outcome: 'transport',
      detail: expect.stringContaining('the server demands a client certificate'),
    });
    for (const runner of [bare, known]) expect(await runner.stop()).toBe(130);
  });

  it('take any name with TLS Name Validate off', { timeout: 60_000 }, async () => {
    await show(wrongName);
    const runner = await start('any-name', { tlsNameValidate: false });
    await isUsable(runner, 'primary');
    expect(await runner.stop()).toBe(130);
  });
});
