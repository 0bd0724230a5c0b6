import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Kamailio, type SeenRequest, startKamailio } from './support/kamailio.ts';
import { type OffhookRunner, offhook, startRunner } from './support/runner.ts';
import { openStage, type Stage } from './support/stage.ts';
import { describePeers } from './support/suite.ts';
import { until } from './support/waiting.ts';
import { dualTemplate } from './support/yaml.ts';

const count = 500;
const users = Array.from({ length: count }, (_, n) => String(1000 + n));
const refreshes = 3;
/** Register_Expires 60 and Timer F 16: (60 - 16) * 0.78. @source redundancy reference section 5.5 */
const refreshAfterMs = 34_320;

const sorted = (texts: readonly string[]): readonly string[] => [...texts].sort();

function byCallId(requests: readonly SeenRequest[]): ReadonlyMap<string, readonly SeenRequest[]> {
  const found = new Map<string, SeenRequest[]>();
  for (const request of requests) found.set(request.callId, [...(found.get(request.callId) ?? []), request]);
  return found;
}

/** How often a leg was refreshed, seldom first: what a test waits for. */
const fewestRefreshes = (kamailio: Kamailio): number =>
  Math.min(
    ...[...byCallId(kamailio.requests).values()].map((leg) => leg.filter(({ outcome }) => outcome === 'saved').length - 1),
  );

/** Each leg's story as one text, and how often it was seen: one entry when all behave alike. */
function stories(kamailio: Kamailio): Readonly<Record<string, number>> {
  const tally: Record<string, number> = {};
  for (const leg of byCallId(kamailio.requests).values()) {
    const first = leg[0]?.cseq ?? 0;
    const story = leg
      .map(({ outcome, cseq, nonceCount }) => `${outcome} CSeq+${cseq - first} nc=${nonceCount ?? '-'}`)
      .join(', ');
    tally[story] = (tally[story] ?? 0) + 1;
  }
  return tally;
}

describePeers('500 dual lines from one file, Register Expires 60', ['kamailio'], () => {
  let stage: Stage;
  let servers: readonly Kamailio[];
  let runner: OffhookRunner;

  beforeAll(async () => {
    stage = await openStage();
    const primary = stage.keep(await startKamailio(stage.network, stage.folder, 'primary'));
    const alternate = stage.keep(await startKamailio(stage.network, stage.folder, 'alternate'));
    servers = [primary, alternate];
    runner = stage.keep(
      await startRunner({
        ...stage,
        name: 'runner',
        file: {
          listen: [{ protocol: 'udp', port: stage.network.port() }],
          template: dualTemplate(primary, alternate, { registerExpires: 60 }),
          lines: [{ from: 1000, count }],
        },
      }),
    );
    await runner.registered(30_000);
  }, 90_000);
  afterAll(() => stage?.close(), 30_000);

  it('both registrars list every line once', async () => {
    expect(runner.announced).toMatchObject({ event: 'running', lines: count });
    const { value } = await offhook(stage.network, ['lines', '--socket', runner.socket]);
    expect(value).toHaveLength(count);
    for (const server of servers) expect(sorted((await server.bindings()).map(({ user }) => user))).toEqual(users);
  });

  it('three refreshes keep Call-ID, raise CSeq by one and cost one transaction each', { timeout: 150_000 }, async () => {
    const seldom = (): number => Math.min(...servers.map(fewestRefreshes));
    await until('every leg refreshes three times', 125_000, () => seldom() >= refreshes, seldom);

    const story = [
      'challenged CSeq+0 nc=-',
      'saved CSeq+1 nc=1',
      ...Array.from({ length: refreshes }, (_, n) => `saved CSeq+${n + 2} nc=${n + 2}`),
    ].join(', ');
    for (const server of servers) {
      expect(stories(server)).toEqual({ [story]: count });
      expect(sorted((await server.bindings()).map(({ user }) => user))).toEqual(users);
      const gaps = [...byCallId(server.requests).values()].flatMap((leg) =>
        leg.slice(2).map(({ atMs }, n) => atMs - (leg[n + 1]?.atMs ?? 0) - refreshAfterMs),
      );
      expect(Math.max(...gaps.map(Math.abs))).toBeLessThan(1_500);
    }
  });

  it('SIGTERM withdraws every binding at both registrars and exits 130', { timeout: 40_000 }, async () => {
    expect(await runner.stop(30_000)).toBe(130);
    for (const server of servers) expect(await server.bindings()).toEqual([]);
  });
});
