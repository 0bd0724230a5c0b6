import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { type Capture, type Packet, startCapture } from './support/capture.ts';
import { type Dnsmasq, server, startDnsmasq } from './support/dnsmasq.ts';
import { type Kamailio, startKamailio } from './support/kamailio.ts';
import { type OffhookRunner, startRunner } from './support/runner.ts';
import { createSipp, type Sipp } from './support/sipp.ts';
import { openStage, type Stage } from './support/stage.ts';
import { describePeers } from './support/suite.ts';
import { until } from './support/waiting.ts';
import type { FileText } from './support/yaml.ts';

const udp = '_sip._udp.site.example';
const tcp = '_sip._tcp.site.example';
/** Short enough to see it end. */
const ttlS = 5;
/** Far from any timer. */
const atOnceMs = 250;

describePeers('lines whose servers are a ranked list in DNS', ['kamailio', 'sipp', 'tshark', 'dnsmasq'], () => {
  let stage: Stage;
  let dns: Dnsmasq;
  /** Best first. */
  let servers: readonly [Kamailio, Kamailio, Kamailio];
  let capture: Capture;
  let sipp: Sipp;
  /** Who is called, another one in every test: SIPp lives for a limited time. */
  let called = '9000';
  /** Registers the party that is called at a server. */
  let reachAt: (server: Kamailio) => Promise<void>;
  const down = new Set<Kamailio>();

  /** SRV records of these servers, best first, for UDP and TCP, and NAPTR records that prefer TCP. */
  const zone = (names: readonly number[]): readonly string[] => [
    ...names.flatMap((n, rank) => [
      ...server(udp, `s${n}.site.example`, servers[n]?.port ?? 0, rank),
      ...server(tcp, `s${n}.site.example`, servers[n]?.port ?? 0, rank),
    ]),
    `naptr-record=site.example,1,1,s,SIP+D2T,,${tcp}`,
    `naptr-record=site.example,2,1,s,SIP+D2U,,${udp}`,
  ];

  async function start(name: string, lines: FileText['lines'], phone: FileText['phone'] = {}): Promise<OffhookRunner> {
    const listen = [
      { protocol: 'udp', port: stage.network.port() },
      { protocol: 'tcp', port: stage.network.port() },
    ] as const;
    const template = { proxy: 'site.example', useDnsSrv: true, dnsSrvAutoPrefix: true, password: 'secret' };
    const file: FileText = { listen, phone, cluster: name, dns: [dns.address], template, lines };
    const runner = stage.keep(await startRunner({ ...stage, name, file }));
    await runner.registered(15_000);
    return runner;
  }

  /** The server that new requests of a line go to. */
  async function current(runner: OffhookRunner, line: string): Promise<number | undefined> {
    const found = (await runner.lines()).find(({ id }) => id === line)?.servers?.find((mark) => mark.current);
    return servers.findIndex(({ port }) => found?.server.includes(`:${port};`));
  }

  async function isAt(runner: OffhookRunner, line: string, n: number, withinMs: number): Promise<number> {
    await until(
      `${line} uses s${n}`,
      withinMs,
      async () => (await current(runner, line)) === n,
      () => line,
    );
    return Date.now();
  }

  /** Calls and hangs up; INVITEs to each server. */
  async function call(runner: OffhookRunner, line: string, withinMs = 10_000) {
    const sinceMs = Date.now();
    const { id } = await runner.call(line, called);
    const up = await runner.callThat(line, withinMs, (fact) => fact.id === id && (fact.state === 'up' || fact.state === 'ended'));
    await runner.hangup(line).catch(() => {});
    await runner.callThat(line, 5_000, (fact) => fact.id === id && fact.state === 'ended');
    const invites: (readonly Packet[])[] = [];
    for (const { port } of servers) invites.push(await capture.requests('INVITE', port, sinceMs));
    return { up, invites };
  }

  async function takeDown(each: Kamailio): Promise<void> {
    down.add(each);
    await each.stop();
  }

  /** A Kamailio that starts again has lost its bindings. */
  async function bringBack(each: Kamailio): Promise<void> {
    await each.start();
    down.delete(each);
    await reachAt(each);
  }

  const firstAtMs = (packets: readonly Packet[] | undefined): number => packets?.[0]?.atMs ?? 0;

  beforeAll(async () => {
    stage = await openStage();
    capture = stage.keep(await startCapture(stage.network));
    const start = async (name: string): Promise<Kamailio> => stage.keep(await startKamailio(stage.network, stage.folder, name));
    servers = [await start('s0'), await start('s1'), await start('s2')];
    dns = stage.keep(await startDnsmasq(stage.network, stage.folder, ttlS, zone([0, 1, 2])));
    sipp = stage.keep(createSipp(stage.network, stage.folder));
  }, 60_000);
  beforeEach(async () => {
    called = String(Number(called) + 1);
    const party = await sipp.called(called);
    reachAt = (each) => sipp.register(party, each);
    for (const each of servers) await reachAt(each);
  });
  afterEach(async () => {
    for (const each of [...down]) await bringBack(each);
    for (const each of servers ?? []) await each.heal();
    await stage?.network.heal();
    await dns?.serve(zone([0, 1, 2]));
  });
  afterAll(() => stage?.close(), 30_000);

  it('SRV over UDP, the best server silent: the INVITE reaches the next one after 16.0 s, AR = No by itself, AR = Yes behind a REGISTER', {
    timeout: 90_000,
  }, async () => {
    const runner = await start('silent', [{ userId: '3001' }, { userId: '3002', autoRegisterWhenFailover: true }]);
    expect(await current(runner, '3001')).toBe(0);
    await stage.network.silence(servers[0].port);
    const sinceMs = Date.now();
    for (const line of ['3001', '3002']) {
      const { up, invites } = await call(runner, line, 25_000);
      expect(up).toMatchObject({ state: 'up' });
      expect(Math.abs(firstAtMs(invites[1]) - firstAtMs(invites[0]) - 16_000)).toBeLessThanOrEqual(100);
      expect(invites[1]?.[0]).toMatchObject({ callId: invites[0]?.[0]?.callId, cseq: invites[0]?.[0]?.cseq });
    }
    const moved = servers[1].requests.filter(({ method, atMs }) => method === 'REGISTER' && atMs >= sinceMs);
    expect([...new Set(moved.map(({ user }) => user))]).toEqual(['3002']);
    await stage.network.heal();
    expect(await runner.stop()).toBe(130);
  });

  it('refused by ICMP or reset: the next one at once; two dead servers: the third', { timeout: 60_000 }, async () => {
    const runner = await start('refused', [{ userId: '3001' }, { userId: '3002', sipTransport: 'TCP' }]);
    await takeDown(servers[0]);
    const { up, invites } = await call(runner, '3001');
    expect(up).toMatchObject({ state: 'up' });
    expect(firstAtMs(invites[1]) - firstAtMs(invites[0])).toBeLessThan(atOnceMs);
    await takeDown(servers[1]);
    expect((await call(runner, '3001')).up).toMatchObject({ state: 'up' });
    expect(await current(runner, '3001')).toBe(2);
    // Over TCP the closed connections have moved the registration already (D-23).
    await isAt(runner, '3002', 2, 5_000);
    expect(servers[2].requests.some(({ method, user }) => method === 'REGISTER' && user === '3002')).toBe(true);
    expect(await runner.stop()).toBe(130);
  });

  it('503 with Try Backup RSC 5??: the same INVITE at the next server; with an empty template the caller hears 503', {
    timeout: 60_000,
  }, async () => {
    const runner = await start('codes', [{ userId: '3001' }], { tryBackupRsc: '5??' });
    await servers[0].answerWith('INVITE', 503);
    const { up, invites } = await call(runner, '3001');
    expect(up).toMatchObject({ state: 'up' });
    expect(invites.map((each) => each.length)).toEqual([1, 1, 0]);
    expect(await runner.stop()).toBe(130);
  });

  it('returns by interval (AR = No, 10 s), and with a registration (AR = Yes, the end of a period of 60 s)', {
    timeout: 120_000,
  }, async () => {
    const runner = await start('return', [
      { userId: '3001', proxyFallbackIntvl: 10 },
      { userId: '3002', proxyFallbackIntvl: 10, registerExpires: 60, autoRegisterWhenFailover: true },
    ]);
    await takeDown(servers[0]);
    await Promise.all([call(runner, '3001'), call(runner, '3002')]);
    await bringBack(servers[0]);
    for (const line of ['3001', '3002']) await isAt(runner, line, 0, 75_000);
    const movedAt = (line: string, action: string): number =>
      runner.decisions.find((each) => each.line === line && each.outcome.action === action && each.rule !== '6.3:in-service')
        ?.atMs ?? 0;
    expect(Math.abs(movedAt('3001', 'route-top') - movedAt('3001', 'route-lower') - 10_000)).toBeLessThan(atOnceMs);
    // The period began when s1 took the registration, which the call had asked for.
    expect(Math.abs(movedAt('3002', 'route-top') - movedAt('3002', 'route-lower') - 60_000)).toBeLessThan(2 * atOnceMs);
    expect((await servers[0].bindings()).map(({ user }) => user)).toContain('3002');
    expect(await runner.stop()).toBe(130);
  });

  it('AUTO: NAPTR prefers TCP; when nobody accepts TCP the line goes on over UDP', { timeout: 60_000 }, async () => {
    const line = { sipTransport: 'AUTO', autoRegisterWhenFailover: true, dnsSrvAutoPrefix: false } as const;
    const runner = await start('auto', [{ userId: '3001', ...line }]);
    const seen = (await runner.lines())[0]?.servers ?? [];
    expect(seen.map(({ server: name }) => name.slice(-3))).toEqual(['tcp', 'tcp', 'tcp', 'udp', 'udp', 'udp']);
    expect(seen[0]).toMatchObject({ current: true, bound: true });
    expect(await runner.stop()).toBe(130);
  });

  it('the zone changes: a line whose server is gone moves when the lifetime ends; DNS dies: calls still work', {
    timeout: 60_000,
  }, async () => {
    const runner = await start('zone', [{ userId: '3001' }]);
    await dns.serve(zone([1, 2]));
    await isAt(runner, '3001', 1, ttlS * 1000 + 8_000);
    await runner.registered(10_000);
    expect((await servers[1].bindings()).map(({ user }) => user)).toContain('3001');
    await dns.stop();
    await new Promise((resolve) => setTimeout(resolve, (ttlS + 2) * 1000));
    expect((await call(runner, '3001')).up).toMatchObject({ state: 'up' });
    expect(await current(runner, '3001')).toBe(1);
    expect(await runner.stop()).toBe(130);
  });
});
