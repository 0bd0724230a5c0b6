import { createMemoryCallStore, createMemoryLineStore } from '@offhook/core/testkit';
import { describe, expect, test } from 'vitest';
import { createWorld, type ScriptedCall, singleLine, type World } from '../../src/index.ts';

/* The host of a line dies at every moment of a call; in the end both sides agree, and nothing hangs (ADR 0010). */

const delayMs = 70;
const stepMs = 170;
const lastMs = 4_500;

interface Ending {
  readonly atMs: number;
  readonly line: string;
  readonly party: string;
  readonly kept: number;
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The line calls, or is called: alerted, answered at 2 s, held at 3 s; the far side hangs up at 4 s. */
async function live(world: World, by: 'line' | 'party', protocol: 'udp' | 'tcp'): Promise<() => ScriptedCall | undefined> {
  const party = await world.party('2000', { protocol, plan: { ringAfterMs: 200, answerAfterMs: 1_000 } });
  const hold = Buffer.from(
    'v=0\r\no=- 1 2 IN IP4 10.0.0.21\r\ns=-\r\nc=IN IP4 10.0.0.21\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\na=sendonly\r\n',
  );
  const command = (name: string, args = {}): void =>
    void world
      .line()
      .begin(name, args)
      .catch(() => {});
  const act = async (): Promise<void> => {
    await sleep(1_000);
    if (by === 'line') command('call', { target: '2000' });
    else party.call('1001');
    await sleep(1_000);
    if (by === 'party') command('answer');
    await sleep(1_000);
    const call = party.calls[0];
    if (call?.state === 'up') void call.request('INVITE', [['Content-Type', 'application/sdp']], hold);
    await sleep(1_000);
    call?.hangUp();
  };
  void act();
  return () => party.calls[0];
}

async function dieAt(atMs: number, by: 'line' | 'party', protocol: 'udp' | 'tcp', gapS: number): Promise<Ending> {
  const store = createMemoryCallStore();
  const world = await createWorld({
    split: true,
    store: createMemoryLineStore(),
    calls: store,
    lines: [singleLine({ sipTransport: protocol === 'udp' ? 'UDP' : 'TCP' })],
    link: { delayMs },
  });
  const party = await live(world, by, protocol);
  await world.runTo(atMs / 1_000);
  await world.takeOver(gapS);
  await world.run(120);
  const line = world.line().status().calls[0]?.state ?? 'ended';
  const ending = { atMs, line, party: party()?.state ?? 'ended', kept: store.calls.length };
  await world.line().command('hangup');
  await world.run(40);
  await world.stop();
  return ending;
}

// The proxy of the lab repeats nothing by itself, so that both its sides have to speak alike.
describe.each(['udp', 'tcp'] as const)('over %s', (protocol) => {
  test.each([
    ['line', 0.05],
    ['line', 2],
    ['party', 0.05],
    ['party', 2],
  ] as const)('a call that the %s has placed ends on both sides, %s s without an owner', async (by, gapS) => {
    for (let atMs = 950; atMs <= lastMs; atMs += stepMs) {
      const { line, party, kept } = await dieAt(atMs, by, protocol, gapS);
      expect([atMs, line, party, kept]).toEqual([atMs, 'ended', 'ended', 0]);
    }
  });
});
