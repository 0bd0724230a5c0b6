import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { LineInput } from '@offhook/core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Kamailio, type SeenRequest, startKamailio } from './support/kamailio.ts';
import { type OffhookRunner, startRunner } from './support/runner.ts';
import { openStage, type Stage } from './support/stage.ts';
import { describePeers } from './support/suite.ts';
import { until } from './support/waiting.ts';
import { dualTemplate } from './support/yaml.ts';

/** Register_Expires 60 and Timer F 16: (60 - 16) * 0.78. @source redundancy reference section 5.5 */
const refreshAfterMs = 34_320;

const sorted = (texts: readonly string[]): readonly string[] => [...texts].sort();
const usersFrom = (from: number, count: number): readonly string[] => Array.from({ length: count }, (_, n) => String(from + n));

function byCallId(requests: readonly SeenRequest[]): ReadonlyMap<string, readonly SeenRequest[]> {
  const found = new Map<string, SeenRequest[]>();
  for (const request of requests) found.set(request.callId, [...(found.get(request.callId) ?? []), request]);
  return found;
}

/** Each registration's story as one text, and how often it was seen: one entry when all behave alike. */
function stories(kamailio: Kamailio): Readonly<Record<string, number>> {
  const tally: Record<string, number> = {};
  for (const leg of byCallId(kamailio.requests).values()) {
    const first = leg[0]?.cseq ?? 0;
    const story = leg
      .map(({ outcome, cseq, expiresS }) => `${outcome} CSeq+${cseq - first}${expiresS === 0 ? ' ends' : ''}`)
      .join(', ');
    tally[story] = (tally[story] ?? 0) + 1;
  }
  return tally;
}

/** A phone between two registrars that is killed and started again. */
interface Bench {
  readonly servers: readonly [Kamailio, Kamailio];
  /** Requests of both servers since an instant. */
  since(atMs: number): readonly SeenRequest[];
  /** Starts the phone on a port. */
  start(port: number): Promise<OffhookRunner>;
  /** Waits until so many legs are durable, then kills the phone. @returns when, ms since 1970 */
  kill(runner: OffhookRunner, legs: number): Promise<number>;
}

async function openBench(stage: Stage, protocol: 'udp' | 'tcp', lines: LineInput, phone: object): Promise<Bench> {
  const primary = stage.keep(await startKamailio(stage.network, stage.folder, 'primary'));
  const alternate = stage.keep(await startKamailio(stage.network, stage.folder, 'alternate'));
  const state = join(stage.folder, 'state');
  const template = dualTemplate(primary, alternate, { registerExpires: 60, sipTransport: protocol === 'udp' ? 'UDP' : 'TCP' });
  /** Legs that the log holds. */
  const kept = async (): Promise<number> => {
    const records = (await readFile(join(state, 'facts.log'), 'utf8')).split('\n');
    return new Set(records.map((record) => /"line":"[^"]*","leg":"\w+"/.exec(record)?.[0]).filter((key) => key !== undefined))
      .size;
  };
  return {
    servers: [primary, alternate],
    since: (atMs) => [...primary.requests, ...alternate.requests].filter((request) => request.atMs > atMs),
    start: async (port) =>
      stage.keep(
        await startRunner({
          ...stage,
          name: 'runner',
          state,
          file: { listen: [{ protocol, port }], phone, template, lines: [lines] },
        }),
      ),
    async kill(runner, legs) {
      await until('all facts are kept', 5_000, async () => (await kept()) >= legs, kept);
      await runner.kill();
      return Date.now();
    },
  };
}

describePeers('500 dual lines over UDP, killed and started again, Register Expires 60', ['kamailio'], () => {
  const count = 500;
  const users = usersFrom(1_000, count);
  let stage: Stage;
  let bench: Bench;
  let runner: OffhookRunner;
  let port: number;

  beforeAll(async () => {
    stage = await openStage();
    bench = await openBench(stage, 'udp', { from: 1_000, count }, {});
    port = stage.network.port();
    runner = await bench.start(port);
    await runner.registered(30_000);
  }, 90_000);
  afterAll(() => stage?.close(), 60_000);

  it('go on with the same Call-ID, ask nobody before their time, and refresh with a CSeq above', {
    timeout: 90_000,
  }, async () => {
    const killedMs = await bench.kill(runner, 2 * count);
    const registeredMs = Math.min(...bench.since(0).map(({ atMs }) => atMs));
    runner = await bench.start(port);
    await runner.registered(5_000);
    expect(bench.since(killedMs)).toEqual([]);

    const refreshed = (): number => bench.since(killedMs).filter(({ outcome }) => outcome === 'saved').length;
    await until('every leg refreshes', 60_000, () => refreshed() >= 2 * count, refreshed);
    const first = bench.since(killedMs).map(({ atMs }) => atMs);
    expect(Math.min(...first)).toBeGreaterThan(registeredMs + refreshAfterMs - 100);
    for (const server of bench.servers) {
      // The nonces of the life before are forgotten: one challenge each.
      expect(stories(server)).toEqual({
        'challenged CSeq+0, saved CSeq+1, challenged CSeq+102, saved CSeq+103': count,
      });
      const gaps = [...byCallId(server.requests).values()].map(
        (leg) => (leg[2]?.atMs ?? 0) - (leg[1]?.atMs ?? 0) - refreshAfterMs,
      );
      expect(Math.min(...gaps)).toBeGreaterThan(-100);
      expect(Math.max(...gaps)).toBeLessThan(10_000);
      expect(sorted((await server.bindings()).map(({ user }) => user))).toEqual(users);
    }
  });

  it('on another port withdraw the Contact that they left, and register anew', { timeout: 60_000 }, async () => {
    const before = new Set(bench.since(0).map(({ callId }) => callId));
    const killedMs = await bench.kill(runner, 2 * count);
    const moved = stage.network.port();
    runner = await bench.start(moved);
    const fresh = (): number =>
      bench.since(killedMs).filter(({ callId, outcome }) => !before.has(callId) && outcome === 'saved').length;
    await until('every leg registers anew', 40_000, () => fresh() >= 2 * count, fresh);
    await runner.registered(5_000);
    const ended = bench
      .since(killedMs)
      .filter(({ callId, outcome, expiresS }) => before.has(callId) && outcome === 'saved' && expiresS === 0);
    expect(new Set(ended.map(({ callId }) => callId)).size).toBe(2 * count);
    for (const server of bench.servers) {
      const bindings = await server.bindings();
      expect(sorted(bindings.map(({ user }) => user))).toEqual(users);
      expect(bindings.filter(({ contact }) => !contact.includes(`:${moved}`))).toEqual([]);
    }
  });

  it('SIGTERM leaves nothing behind: no binding, and no facts to go on from', { timeout: 60_000 }, async () => {
    expect(await runner.stop(30_000)).toBe(130);
    for (const server of bench.servers) expect(await server.bindings()).toEqual([]);
    const before = new Set(bench.since(0).map(({ callId }) => callId));
    const stoppedMs = Date.now();
    runner = await bench.start(stage.network.port());
    await runner.registered(30_000);
    expect(bench.since(stoppedMs).filter(({ callId }) => before.has(callId))).toEqual([]);
  });
});

describePeers('100 dual lines over TCP, killed and started again, X Initial Reg Spread 4', ['kamailio'], () => {
  const count = 100;
  const spreadMs = 4_000;
  let stage: Stage;
  let bench: Bench;
  let runner: OffhookRunner;

  beforeAll(async () => {
    stage = await openStage();
    bench = await openBench(stage, 'tcp', { from: 2_000, count }, { xInitialRegSpread: spreadMs / 1_000 });
    runner = await bench.start(stage.network.port());
    await runner.registered(30_000);
  }, 90_000);
  afterAll(() => stage?.close(), 30_000);

  it('register every leg again with the same Call-ID, spread over that time', { timeout: 60_000 }, async () => {
    const before = new Set(bench.since(0).map(({ callId }) => callId));
    const killedMs = await bench.kill(runner, 2 * count);
    runner = await bench.start(stage.network.port());
    await runner.registered(20_000);
    const again = bench.since(killedMs);
    expect(new Set(again.map(({ callId }) => callId))).toEqual(before);
    for (const server of bench.servers)
      expect(stories(server)).toEqual({ 'challenged CSeq+0, saved CSeq+1, challenged CSeq+102, saved CSeq+103': count });

    const opened = again.filter(({ outcome }) => outcome === 'challenged').map(({ atMs }) => atMs);
    const startMs = Math.min(...opened);
    expect(Math.max(...opened) - startMs).toBeLessThan(spreadMs + 1_000);
    expect(Math.max(...opened) - startMs).toBeGreaterThan(spreadMs / 2);
    const perTenth = Array.from(
      { length: 50 },
      (_, n) => opened.filter((atMs) => Math.floor((atMs - startMs) / 100) === n).length,
    );
    // 200 legs over 40 tenths are 5 on average.
    expect(Math.max(...perTenth)).toBeLessThan(40);
  });
});
