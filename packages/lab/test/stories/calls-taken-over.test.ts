import type { CallFacts, CallStore } from '@offhook/core';
import { createMemoryCallStore, createMemoryLineStore, type MemoryCallStore } from '@offhook/core/testkit';
import { describe, expect, test } from 'vitest';
import {
  createWorld,
  dualLine,
  type ScriptedCall,
  singleLine,
  type UserAgent,
  type World,
  type WorldOptions,
} from '../../src/index.ts';
import { dial, lastCall, routed } from '../red/story.ts';

/* The host of the lines dies in the middle of a call; another one takes them over, on the same edge (D-46, ADR 0010). */

interface Story {
  readonly world: World;
  readonly party: UserAgent;
  readonly kept: MemoryCallStore;
}

async function tell(options: WorldOptions, act: (story: Story) => Promise<void>): Promise<void> {
  const kept = createMemoryCallStore();
  const world = await createWorld({ split: true, store: createMemoryLineStore(), calls: kept, ...options });
  const party = await world.party('2000');
  await world.runTo(1);
  await act({ world, party, kept });
  await world.run(40);
  expect(kept.calls).toEqual([]);
  // Rejects when a timer or a connection is left behind.
  await world.stop();
}

/** A call that is up at 2 s, placed by the line or by the party. */
async function callUp({ world, party }: Story, by: 'line' | 'party'): Promise<ScriptedCall> {
  if (by === 'line') await dial(world);
  else party.call('1001');
  await world.run(0.5);
  if (by === 'party') await world.line().command('answer');
  await world.runTo(2);
  const call = party.calls.at(-1);
  if (call?.state !== 'up') throw new Error(`the call is ${call?.state}`);
  return call;
}

const states = (world: World) => world.facts('call').map(({ value }) => (value as { state: string }).state);
const sentBy = (world: World, method: string) => world.wire.requests({ from: '10.0.0.9', method });
const registers = (world: World) => world.sent('REGISTER').length;
const told = (world: World) => routed(world).filter(([, rule]) => rule.startsWith('D-46:call'));
const statuses = (world: World, method: string) =>
  world.wire.responses({ from: '10.0.0.9', method }).map(({ message }) => message.status);

const sdp = (direction: string): Uint8Array =>
  Buffer.from(
    `v=0\r\no=- 1 2 IN IP4 10.0.0.21\r\ns=-\r\nc=IN IP4 10.0.0.21\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\na=${direction}\r\n`,
  );
const offers = (call: ScriptedCall, direction: string): Promise<number> =>
  call.request('INVITE', [['Content-Type', 'application/sdp']], sdp(direction));

const hosts: readonly (readonly [string, WorldOptions])[] = [
  ['a dual line', {}],
  ['a single line', { lines: [singleLine()] }],
  ['a line among thousands', { host: 'pooled' }],
  ['a line over TCP', { lines: [singleLine({ sipTransport: 'TCP' })] }],
  ['a list', { lines: [singleLine({ proxy: 'world.example:SRV=s1:p=0:A=10.0.0.1|s2:p=1:A=10.0.0.2' })] }],
];

describe.each(hosts)('a call of %s goes on', (_name, options) => {
  for (const by of ['line', 'party'] as const) {
    test(`that the ${by} has placed: the far side hangs up`, () =>
      tell(options, async (story) => {
        const { world } = story;
        const call = await callUp(story, by);
        const before = registers(world);
        await world.takeOver();
        expect(world.line().status().calls).toMatchObject([{ id: 'c1', state: 'up', leg: 'primary', codec: 'PCMU' }]);
        await world.run(5);
        call.hangUp();
        await world.run(1);
        expect(statuses(world, 'BYE')).toEqual([200]);
        expect(lastCall(world)).toMatchObject({ id: 'c1', state: 'ended', reason: 'remote-hangup' });
        expect(told(world).map(([, ...what]) => what)).toEqual([['D-46:call-resumed', 'resume', 'primary']]);
        if (options.lines?.[0]?.sipTransport !== 'TCP') expect(registers(world)).toBe(before);
      }));

    test(`that the ${by} has placed: the line hangs up, with a CSeq above all before`, () =>
      tell(options, async (story) => {
        const { world } = story;
        const call = await callUp(story, by);
        await world.takeOver();
        await world.run(5);
        await world.line().command('hangup');
        await world.run(1);
        const [bye] = sentBy(world, 'BYE');
        expect(bye?.message.cseq.number).toBeGreaterThanOrEqual(101);
        expect(bye?.message).toMatchObject({ callId: call.callId, uri: 'sip:2000@10.0.0.21:5060' });
        expect(bye?.message.headers('Route').join()).toMatch(/^<sip:10\.0\.0\.1.*;lr>$/);
        expect([call.state, call.ending]).toEqual(['ended', 'there']);
        expect(lastCall(world)).toMatchObject({ state: 'ended', reason: 'local-hangup' });
      }));
  }
});

describe('a call that was taken over', () => {
  test('is held and taken back by the far side, over two takeovers', () =>
    tell({}, async (story) => {
      const { world, kept } = story;
      const call = await callUp(story, 'line');
      await world.takeOver();
      expect(await world.until(offers(call, 'sendonly'))).toBe(200);
      expect(kept.calls).toMatchObject([{ state: 'held', sdpVersion: 2 }]);
      await world.takeOver();
      expect(world.line().status().calls).toMatchObject([{ state: 'held' }]);
      expect(await world.until(offers(call, 'sendrecv'))).toBe(200);
      expect(world.line().status().calls).toMatchObject([{ state: 'up' }]);
      const answers = world.wire.responses({ from: '10.0.0.9', method: 'INVITE' }).map(({ message }) => message);
      const origins = answers.map(({ body }) => /^o=.*$/m.exec(Buffer.from(body).toString())?.[0].trim());
      expect(origins.map((origin) => origin?.split(' ')[2])).toEqual(['2', '3']);
      expect(new Set(origins.map((origin) => origin?.split(' ')[1])).size).toBe(1);
      expect(answers.map((each) => each.header('Contact'))).toEqual(Array(2).fill(expect.stringContaining('leg=p')));
      call.hangUp();
      await world.run(1);
      expect(states(world)).toEqual(['trying', 'ringing', 'up', 'up', 'held', 'held', 'up', 'ended']);
    }));

  test('keeps its number, the next one gets another', () =>
    tell({}, async (story) => {
      const { world } = story;
      await callUp(story, 'line');
      await world.takeOver();
      await dial(world);
      await world.run(1);
      expect(
        world
          .line()
          .status()
          .calls.map(({ id, state }) => [id, state]),
      ).toEqual([
        ['c1', 'up'],
        ['c2', 'up'],
      ]);
      await world.line().command('hangup');
    }));

  test('hears the BYE that came while nobody owned the line', () =>
    tell({}, async (story) => {
      const { world } = story;
      const call = await callUp(story, 'line');
      const dead = world.takeOver(3);
      call.hangUp();
      await dead;
      await world.run(5);
      expect(statuses(world, 'BYE')).toEqual([200]);
      expect(lastCall(world)).toMatchObject({ state: 'ended', reason: 'remote-hangup' });
    }));

  test('over a stream, which repeats nothing, is asked about: its BYE came while nobody owned the line', () =>
    tell({ lines: [singleLine({ sipTransport: 'TCP' })] }, async ({ world }) => {
      const far = await world.party('3000', { protocol: 'tcp' });
      await world.line().command('call', { target: '3000' });
      await world.run(1);
      const dead = world.takeOver(3);
      far.calls[0]?.hangUp();
      await dead;
      await world.run(5);
      expect(statuses(world, 'BYE')).toEqual([]);
      expect(sentBy(world, 'INVITE')).toHaveLength(2);
      expect(lastCall(world)).toMatchObject({ state: 'ended', reason: 'reinvite' });
    }));

  test('answers nothing before its facts have been read', () => {
    const store = createMemoryCallStore();
    const slow: CallStore = {
      ...store,
      // The global timers are the world's.
      loadCalls: (line) => new Promise((resolve) => setTimeout(() => resolve(store.loadCalls(line)), 2_000)),
    };
    return tell({ calls: slow }, async (story) => {
      const { world } = story;
      await world.run(2);
      const call = await callUp(story, 'line');
      setTimeout(() => call.hangUp(), 1_500);
      await world.takeOver();
      await world.run(5);
      expect(new Set(statuses(world, 'BYE'))).toEqual(new Set([200]));
      expect(lastCall(world)).toMatchObject({ state: 'ended', reason: 'remote-hangup' });
    });
  });

  test('ends with an ordered restart, and is forgotten', () =>
    tell({}, async (story) => {
      const { world, kept } = story;
      const call = await callUp(story, 'party');
      await world.takeOver();
      await world.line().command('restart');
      await world.run(1);
      expect(sentBy(world, 'BYE')).toHaveLength(1);
      expect(call.state).toBe('ended');
      expect(kept.calls).toEqual([]);
    }));
});

describe('a call that was not up is ended', () => {
  const endings = (world: World) => [lastCall(world), told(world).at(-1)?.slice(1)];
  const ended = [
    expect.objectContaining({ id: 'c1', state: 'ended', reason: 'takeover' }),
    ['D-46:call-ended', 'end', 'primary'],
  ];

  test('the INVITE of the line is cancelled while it rings', () =>
    tell({}, async ({ world, party }) => {
      party.expect({ answerAfterMs: undefined });
      await dial(world);
      await world.run(1);
      await world.takeOver();
      await world.run(1);
      expect(endings(world)).toEqual(ended);
      expect(party.calls.map(({ state, ending }) => [state, ending])).toEqual([['ended', 'there']]);
      expect(sentBy(world, 'CANCEL')).toHaveLength(1);
    }));

  test('the INVITE of the line is accepted while nobody owns it: ACK and BYE', () =>
    tell({}, async ({ world, party }) => {
      party.expect({ ringAfterMs: undefined, answerAfterMs: 1_500 });
      await dial(world);
      await world.run(1);
      await world.takeOver();
      await world.run(10);
      expect(endings(world)).toEqual(ended);
      expect(party.calls.map(({ state, ending, acknowledged }) => [state, ending, acknowledged])).toEqual([
        ['ended', 'there', true],
      ]);
    }));

  test('an INVITE that nobody has answered gets 480 from the next owner', () =>
    tell({}, async ({ world, party }) => {
      const call = party.call('1001');
      await world.run(1);
      await world.takeOver();
      await world.run(1);
      expect(endings(world)).toEqual(ended);
      expect(call.statuses.at(-1)).toBe(480);
      expect(statuses(world, 'INVITE')).toEqual([180, 480]);
    }));

  test('an INVITE that was answered, whose ACK found nobody: the caller is told with BYE', () =>
    tell({ link: { delayMs: 200 } }, async ({ world, party }) => {
      const call = party.call('1001');
      await world.run(2);
      await world.line().command('answer');
      await world.takeOver(0.1);
      await world.run(5);
      expect(endings(world)).toEqual(ended);
      expect([call.state, call.ending]).toEqual(['ended', 'there']);
    }));

  test.each([
    ['whose dialog cannot be read', { dialog: { callId: '' } }],
    ['whose way cannot be read', { hop: { flow: 7 } }],
    ['whose server the line no longer has', { server: '10.0.0.7:5060;udp' }],
    ['whose edge is another one', { edge: 'elsewhere' }],
    ['whose Contact leads elsewhere', { hop: { contactHostPort: '10.0.0.9:9' } }],
  ])('a call %s', (what, wrong) => {
    const spoilt = (facts: CallFacts): CallFacts => {
      const { dialog, hop, ...more } = wrong as unknown as Partial<CallFacts>;
      return {
        ...facts,
        ...more,
        ...(facts.dialog && { dialog: { ...facts.dialog, ...dialog } }),
        hop: { ...facts.hop, ...hop },
      };
    };
    const store = createMemoryCallStore();
    const calls: CallStore = { ...store, loadCalls: async (line) => (await store.loadCalls(line)).map(spoilt) };
    return tell({ calls }, async (story) => {
      const { world } = story;
      await callUp(story, 'line');
      await world.takeOver();
      await world.run(5);
      expect(endings(world)).toEqual(ended);
      expect(world.line().status().calls).toEqual([]);
      expect(sentBy(world, 'BYE').length).toBe(what.endsWith('read') ? 0 : 1);
      expect(store.calls).toEqual([]);
    });
  });
});

describe('the store of calls', () => {
  test('is not asked by a line without calls', () =>
    tell({}, async ({ world, kept }) => {
      await world.line().command('restart');
      await world.run(5);
      expect(kept.writes).toBe(0);
    }));

  test('is written when a call has left, is heard of, is up, and is over', () =>
    tell({}, async (story) => {
      await callUp(story, 'line');
      expect(story.kept.writes).toBeLessThanOrEqual(4);
      await story.world.line().command('hangup');
      expect(story.kept.writes).toBeLessThanOrEqual(5);
    }));
});

test('a line of two legs on its alternate keeps its call there', () =>
  tell({ lines: [dualLine()] }, async (story) => {
    const { world } = story;
    world.wire.silence('10.0.0.1');
    await dial(world);
    await world.run(20);
    expect(world.line().status().calls).toMatchObject([{ state: 'up', leg: 'alternate' }]);
    world.wire.heal();
    await world.takeOver();
    await world.run(1);
    await world.line().command('hangup');
    await world.run(1);
    expect(world.sent('BYE').map(([to]) => to)).toEqual(['a']);
  }));
