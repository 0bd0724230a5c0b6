import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Capture, type Packet, startCapture } from './support/capture.ts';
import { type Kamailio, startKamailio } from './support/kamailio.ts';
import { type OffhookRunner, offhook, startRunner } from './support/runner.ts';
import { createSipp } from './support/sipp.ts';
import { openStage, type Stage } from './support/stage.ts';
import { describePeers } from './support/suite.ts';
import { until } from './support/waiting.ts';
import { dualTemplate, type FileText } from './support/yaml.ts';

const called = '9000';

describePeers('calls of a dual line when the primary fails', ['kamailio', 'sipp', 'tshark'], () => {
  let stage: Stage;
  let primary: Kamailio;
  let alternate: Kamailio;
  let capture: Capture;
  /** Try Backup RSC empty. */
  let runner: OffhookRunner;

  /** 2001 over UDP, 2002 over TCP, 2003 over TCP without registration. */
  async function start(name: string, phone: NonNullable<FileText['phone']>): Promise<OffhookRunner> {
    const listen = [
      { protocol: 'udp', port: stage.network.port() },
      { protocol: 'tcp', port: stage.network.port() },
    ] as const;
    const lines = [
      { userId: '2001' },
      { userId: '2002', sipTransport: 'TCP' },
      { userId: '2003', sipTransport: 'TCP', register: false },
    ] as const;
    const file = { listen, phone, cluster: name, template: dualTemplate(primary, alternate), lines };
    return stage.keep(await startRunner({ ...stage, name, file }));
  }

  /** 2003 does not register. */
  async function isRegistered(from: OffhookRunner, leg: string): Promise<void> {
    const open = async (): Promise<readonly string[]> =>
      (await from.lines())
        .filter(({ id, legs }) => id !== '2003' && !legs.some((mark) => mark.leg === leg && mark.usable))
        .map(({ id }) => id);
    await until(
      `every line is registered at the ${leg}`,
      15_000,
      async () => (await open()).length === 0,
      () => leg,
    );
  }

  /** Calls, waits until it is up, and ends it: what was on the wire to each server, and the rules of the line's decisions about it. */
  async function call(from: OffhookRunner, line: string, withinMs = 5_000) {
    const sinceMs = Date.now();
    const decided = from.decisions.length;
    const { id } = await from.call(line, called);
    const up = await from.callThat(line, withinMs, (fact) => fact.id === id && (fact.state === 'up' || fact.state === 'ended'));
    await from.hangup(line).catch(() => {});
    await from.callThat(line, 5_000, (fact) => fact.id === id && fact.state === 'ended');
    const invites = async (server: Kamailio): Promise<readonly Packet[]> => capture.requests('INVITE', server.port, sinceMs);
    const rules = from.decisions.slice(decided).flatMap((decision) => (decision.line === line ? [decision.rule] : []));
    return { sinceMs, up, rules, toPrimary: await invites(primary), toAlternate: await invites(alternate) };
  }

  beforeAll(async () => {
    stage = await openStage();
    capture = stage.keep(await startCapture(stage.network));
    primary = stage.keep(await startKamailio(stage.network, stage.folder, 'primary'));
    alternate = stage.keep(await startKamailio(stage.network, stage.folder, 'alternate'));
    const sipp = stage.keep(createSipp(stage.network, stage.folder));
    const party = await sipp.called(called);
    await sipp.register(party, primary);
    await sipp.register(party, alternate);
    runner = await start('empty', {});
    await isRegistered(runner, 'primary');
    await isRegistered(runner, 'alternate');
  }, 60_000);
  afterEach(async () => {
    await primary?.heal();
    await stage?.network.heal();
  });
  afterAll(() => stage?.close(), 30_000);

  describe('the primary answers INVITE with 503', () => {
    it('Try Backup RSC empty: the call fails with 503 and the alternate hears nothing', { timeout: 40_000 }, async () => {
      const sinceMs = Date.now();
      await primary.answerWith('INVITE', 503);
      const { code, value } = await offhook(stage.network, ['call', '2001', called, '--socket', runner.socket]);

      expect(code).toBe(1);
      expect(value).toMatchObject({ answered: false, call: { state: 'ended', status: 503 } });
      expect(await capture.requests('INVITE', primary.port, sinceMs)).toHaveLength(1);
      expect(await capture.requests('INVITE', alternate.port, sinceMs)).toEqual([]);
      expect(runner.decisions.map(({ rule }) => rule)).toContain('6.4:reject-is-final');
    });

    it('Try Backup RSC 5??: the same INVITE goes to the alternate, which serves the call', { timeout: 60_000 }, async () => {
      const other = await start('five', { tryBackupRsc: '5??' });
      await isRegistered(other, 'primary');
      await isRegistered(other, 'alternate');
      await primary.answerWith('INVITE', 503);
      const { up, rules, toPrimary, toAlternate } = await call(other, '2001');

      expect(up).toMatchObject({ state: 'up', leg: 'alternate' });
      expect(rules).toContain('6.4:primary-failed/rsc');
      const identity = ({ callId, cseq }: Packet) => ({ callId, cseq });
      expect(toAlternate.map(identity)).toEqual(toPrimary.map(identity));
      expect(toAlternate).toHaveLength(1);
      expect(await other.stop()).toBe(130);
    });
  });

  it('the primary leg never registered: INVITE goes to the alternate at once, nothing to the primary', {
    timeout: 60_000,
  }, async () => {
    await primary.answerWith('REGISTER', 503);
    const other = await start('unregistered', {});
    await isRegistered(other, 'alternate');
    for (const line of ['2001', '2002']) {
      const { sinceMs, up, rules, toPrimary, toAlternate } = await call(other, line);
      expect(up).toMatchObject({ state: 'up', leg: 'alternate' });
      expect(rules).toContain('6.4:alternate-only');
      expect(toPrimary).toEqual([]);
      expect((toAlternate[0]?.atMs ?? 0) - sinceMs).toBeLessThan(250);
    }
    expect(await other.stop()).toBe(130);
  });

  describe('the primary refuses: the alternate gets the INVITE within 50 ms', () => {
    it('TCP: the connection in use is reset', { timeout: 40_000 }, async () => {
      await stage.network.reset(primary.port);
      const { up, toPrimary, toAlternate, rules } = await call(runner, '2002');
      await stage.network.heal();

      expect(up).toMatchObject({ state: 'up', leg: 'alternate' });
      expect(rules).toContain('6.4:primary-failed/transport');
      expect((toAlternate[0]?.atMs ?? 0) - (toPrimary[0]?.atMs ?? 0)).toBeLessThan(50);
    });

    it('UDP: ICMP port unreachable', { timeout: 40_000 }, async () => {
      await primary.stop();
      const { sinceMs, up, toPrimary, toAlternate, rules } = await call(runner, '2001');
      await primary.start();

      expect(up).toMatchObject({ state: 'up', leg: 'alternate' });
      expect(rules).toContain('6.4:primary-failed/transport');
      const refused = (await capture.packets()).find(
        ({ kind, to, atMs }) => kind === 'icmp' && to === primary.port && atMs > sinceMs,
      );
      expect(refused).toBeDefined();
      expect(toPrimary).toHaveLength(1);
      expect((toAlternate[0]?.atMs ?? 0) - (toPrimary[0]?.atMs ?? 0)).toBeLessThan(50);
    });

    it('TCP: nobody accepts the connection', { timeout: 40_000 }, async () => {
      await primary.stop();
      const { sinceMs, up, toAlternate, rules } = await call(runner, '2003');
      await primary.start();

      expect(up).toMatchObject({ state: 'up', leg: 'alternate' });
      expect(rules).toContain('6.4:alternate-unregistered/transport');
      const refused = (await capture.packets()).find(
        ({ kind, from, atMs }) => kind === 'reset' && from === primary.port && atMs > sinceMs,
      );
      expect((toAlternate[0]?.atMs ?? 0) - (refused?.atMs ?? 0)).toBeLessThan(50);
    });
  });

  it('the primary is silent: INVITE leaves by the alternate 16.0 s after its first transmission', {
    timeout: 90_000,
  }, async () => {
    const other = await start('silence', {});
    await isRegistered(other, 'primary');
    await isRegistered(other, 'alternate');
    await stage.network.silence(primary.port);
    const [udp, tcp] = await Promise.all([call(other, '2001', 25_000), call(other, '2002', 25_000)]);
    await stage.network.heal();

    for (const [protocol, { up, rules, toPrimary, toAlternate }] of [
      ['udp', udp],
      ['tcp', tcp],
    ] as const) {
      const sent = toPrimary.filter((packet) => packet.protocol === protocol);
      const moved = toAlternate.filter((packet) => packet.protocol === protocol);
      const firstAtMs = sent[0]?.atMs ?? 0;
      expect(up).toMatchObject({ state: 'up', leg: 'alternate' });
      expect(rules).toContain('6.4:primary-failed/no-response');
      expect(Math.abs((moved[0]?.atMs ?? 0) - firstAtMs - 16_000)).toBeLessThanOrEqual(100);
      expect(moved[0]).toMatchObject({ callId: sent[0]?.callId, cseq: sent[0]?.cseq });
      if (protocol !== 'udp') continue;
      const schedule = sent.map(({ atMs }) => Math.round((atMs - firstAtMs) / 100) * 100);
      expect(schedule).toEqual([0, 500, 1_500, 3_500, 7_500, 15_500]);
    }
    expect(await other.stop()).toBe(130);
  });
});
