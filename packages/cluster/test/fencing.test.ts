import { createMemoryBus, lineKey, slotOf } from '@offhook/core';
import { createManualAmbient, createMemoryKeyValueServer } from '@offhook/core/testkit';
import { describe, expect, it } from 'vitest';
import { buckets, createFencedBus, createSlotFence } from '../src/index.ts';
import { createWorld } from './support/cluster-world.ts';

const key = lineKey('1000');
const slot = slotOf(key);
const claim = Buffer.from(JSON.stringify({ owner: 'a', session: 's', joinedAt: 1 }));

describe('an edge (rule 5)', () => {
  async function start() {
    const ambient = createManualAmbient();
    const slots = await createMemoryKeyValueServer(ambient).client().bucket('slots');
    return { ambient, slots, fence: createSlotFence({ slots, ambient }) };
  }

  it('keeps the highest epoch that messages carry, and drops lower ones', async () => {
    const { fence } = await start();
    expect(['7', '7', '9', '7', '8', '9', '10', '9'].map((epoch) => fence.admits(key, epoch))).toEqual([
      ...[true, true, true, false, false, true, true, false],
    ]);
    expect(fence.drops).toBe(3);
    expect(fence.epochOf(slot)).toBe(10);
  });

  it('hears of a claim before the new owner has said a word', async () => {
    const { ambient, slots, fence } = await start();
    void slots.put('s.0', claim);
    void slots.put(`s.${slot}`, claim);
    await ambient.settle();
    expect(['1', '2', '1'].map((epoch) => fence.admits(key, epoch))).toEqual([false, true, false]);
  });

  it('lets the last messages of an owner through that has given its slot up, until somebody claims it', async () => {
    const { ambient, slots, fence } = await start();
    void slots.put(`s.${slot}`, claim);
    void slots.put(`s.${slot}`, Buffer.from('{}'));
    await ambient.settle();
    expect(fence.admits(key, '1')).toBe(true);
    void slots.put(`s.${slot}`, claim);
    await ambient.settle();
    expect(fence.admits(key, '1')).toBe(false);
  });

  it('admits messages without an epoch as long as nobody is known to own their slot', async () => {
    const { fence } = await start();
    expect(fence.admits(key, undefined)).toBe(true);
    expect(fence.admits(key, '3')).toBe(true);
    expect(fence.admits(key, undefined)).toBe(false);
    expect(fence.epochOf(slotOf(lineKey('2000')))).toBe(0);
  });

  it('drops what is no epoch', async () => {
    const { fence } = await start();
    for (const epoch of ['', '0', '-1', '1.5', '1e9', ' 1', '01', 'x', '99999999999999999999']) {
      expect(fence.admits(key, epoch)).toBe(false);
    }
    expect(fence.epochOf(slot)).toBe(0);
  });

  it('is not disturbed by records that are none', async () => {
    const { ambient, slots, fence } = await start();
    void slots.put('s.x', claim);
    void slots.put('s.4000', claim);
    void slots.put(`s.${slot}`, Buffer.from('garbage'));
    await ambient.settle();
    expect(fence.admits(key, '1')).toBe(true);
  });
});

describe('the bus of the lines of a slot (rules 2 and 5)', () => {
  function start(gate = true) {
    const ambient = createManualAmbient();
    const bus = createMemoryBus({ ambient });
    const state = { epoch: 4 as number | undefined, isValid: true, dropped: 0 };
    const heard: string[] = [];
    bus.subscribe('s.*', ({ headers, respond, ...message }) => {
      heard.push(`${headers.epoch} ${headers.flow ?? ''}`.trim());
      if (message.reply !== undefined) bus.publish(message.reply, Buffer.from('yes'));
    });
    const fenced = createFencedBus(bus, {
      ...{ epoch: () => state.epoch, isValid: () => state.isValid, gate },
      onDropped() {
        state.dropped += 1;
      },
    });
    return { ambient, bus, fenced, state, heard };
  }
  const nothing = new Uint8Array();

  it('puts the epoch on everything that goes out, beside the headers that are there', async () => {
    const { ambient, fenced, heard, state } = start();
    fenced.publish('s.a', nothing);
    fenced.publish('s.a', nothing, { headers: { flow: 'f' } });
    state.epoch = 5;
    void fenced.request('s.a', nothing, { timeoutMs: 100, headers: { flow: 'g' } });
    await ambient.settle();
    expect(heard).toEqual(['4', '4 f', '5 g']);
  });

  it('lets nothing out once the right to act has run out, or the slot is not ours', async () => {
    const { ambient, fenced, heard, state } = start();
    for (const change of [{ isValid: false }, { isValid: true, epoch: undefined }]) {
      Object.assign(state, change);
      fenced.publish('s.a', nothing);
      await expect(fenced.request('s.a', nothing, { timeoutMs: 100 })).rejects.toMatchObject({ code: 'E_BUS_TIMEOUT' });
    }
    await ambient.settle();
    expect(heard).toEqual([]);
    expect(state.dropped).toBe(4);
  });

  it('hears what is said meanwhile, and is drained and flushed like the bus itself', async () => {
    const { ambient, bus, fenced, state } = start();
    state.isValid = false;
    let heard = 0;
    fenced.subscribe('t.a', () => heard++);
    bus.publish('t.a', nothing);
    expect(fenced.reaches('t.a')).toBe(true);
    await ambient.settle();
    await fenced.flush();
    expect(heard).toBe(1);
  });

  it('holds nothing back without its gate, so that what stands behind it can be proved', async () => {
    const { ambient, fenced, heard, state } = start(false);
    fenced.publish('s.a', nothing);
    Object.assign(state, { isValid: false, epoch: undefined });
    fenced.publish('s.a', nothing);
    await ambient.settle();
    expect(heard).toEqual(['4', '4']);
  });
});

describe('a zombie', () => {
  for (const gate of [true, false]) {
    it(`${gate ? 'sends nothing' : 'without its gate is stopped at the edge: each of its messages is dropped'}`, async () => {
      const world = await createWorld();
      const bus = createMemoryBus({ ambient: world.ambient });
      const fence = createSlotFence({
        ...{ slots: await world.client().bucket(buckets('test').slots), ambient: world.ambient },
      });
      const [zombie] = await Promise.all(['a', 'b', 'c'].map((id) => world.join(id)));
      await world.run(10_000);
      if (zombie === undefined) throw new Error('no zombie');
      const held = new Map(zombie.owner.owned());
      // A line for each slot it has; without the gate it believes in what it had.
      const lines = Array.from({ length: 20_000 }, (_, n) => lineKey(String(n))).filter((each) => held.has(slotOf(each)));
      let [sent, admitted, dropped] = [0, 0, 0];
      bus.subscribe('edge.*', ({ subject, headers }) => {
        sent += 1;
        const line = lines.find((each) => subject.endsWith(each));
        if (line !== undefined && fence.admits(line, headers.epoch)) admitted += 1;
      });
      const buses = new Map(
        [...held].map(([at, epoch]) => [
          at,
          createFencedBus(bus, {
            ...{ epoch: () => (gate ? zombie.owner.owned().get(at) : epoch), isValid: zombie.membership.isValid, gate },
            onDropped() {
              dropped += 1;
            },
          }),
        ]),
      );
      const sendAll = (): void => {
        for (const line of lines.slice(0, 500)) buses.get(slotOf(line))?.publish(`edge.${line}`, new Uint8Array());
      };
      zombie.ambient.stop();
      zombie.client.cut();
      await world.run(12_000);
      zombie.client.mend();
      zombie.ambient.resume();
      sendAll();
      await world.run(50);
      expect({ sent, dropped }).toEqual(gate ? { sent: 0, dropped: 500 } : { sent: 500, dropped: 0 });
      expect(admitted).toBe(0);
      expect(fence.drops).toBe(gate ? 0 : 500);
    });
  }
});
