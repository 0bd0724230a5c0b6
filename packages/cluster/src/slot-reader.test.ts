import type { KeyValue, KeyValueEntry } from '@offhook/core';
import { createManualAmbient } from '@offhook/core/testkit';
import { describe, expect, it } from 'vitest';
import { createSlotReader } from './slot-reader.ts';

/** A ledger of one line in each slot, whose listings are answered when the test says so. */
function start() {
  const ambient = createManualAmbient();
  const listed: string[] = [];
  const open: { readonly answer: () => void; readonly fail: () => void }[] = [];
  const entries = (pattern: string): Promise<readonly KeyValueEntry[]> => {
    listed.push(pattern);
    const slots = pattern === '>' ? Array.from({ length: 100 }, (_, slot) => slot) : [Number(pattern.split('.')[1])];
    const found = slots.map((slot) => ({ key: `l.${slot}.line.primary`, value: new Uint8Array(0), revision: slot + 1 }));
    return new Promise((resolve, reject) => open.push({ answer: () => resolve(found), fail: () => reject(new Error('silent')) }));
  };
  const read = createSlotReader({ entries } as Pick<KeyValue, 'entries'> as KeyValue, ambient);
  const ask = (from: number, count: number) =>
    Promise.all(Array.from({ length: count }, async (_, i) => (await read(from + i)).map(({ key }) => key)));
  const settle = (how: 'answer' | 'fail') => {
    for (const each of open.splice(0)) each[how]();
    return ambient.elapse(10);
  };
  return { ambient, listed, ask, settle };
}

const keys = (from: number, count: number) => Array.from({ length: count }, (_, i) => [`l.${from + i}.line.primary`]);

describe('slots of a ledger', () => {
  it('are read one by one where few are asked for, and all at once where many are', async () => {
    const { ambient, listed, ask, settle } = start();
    const few = ask(1, 2);
    await ambient.elapse(10);
    expect(listed).toEqual(['*.1.>', '*.2.>']);
    await settle('answer');
    expect(await few).toEqual(keys(1, 2));
    const many = ask(10, 20);
    await ambient.elapse(10);
    expect(listed.slice(2)).toEqual(['>']);
    await settle('answer');
    expect(await many).toEqual(keys(10, 20));
  });

  it('that are asked for while a read is under way share the next one: it begins after they were asked for', async () => {
    const { ambient, listed, ask, settle } = start();
    const first = ask(0, 20);
    await ambient.elapse(10);
    const waves = [20, 40, 60].map(async (from) => ask(from, 20));
    await ambient.elapse(100);
    expect(listed).toEqual(['>']);
    await settle('answer');
    expect(await first).toEqual(keys(0, 20));
    expect(listed).toEqual(['>', '>']);
    await settle('answer');
    expect((await Promise.all(waves)).flat()).toEqual(keys(20, 60));
    expect(ambient.timers).toBe(0);
  });

  it('that could not be read are told so, and those that wait are read all the same', async () => {
    const { ambient, ask, settle } = start();
    const first = expect(ask(0, 20)).rejects.toThrow('silent');
    await ambient.elapse(10);
    const second = ask(20, 1);
    await settle('fail');
    await first;
    await settle('answer');
    expect(await second).toEqual(keys(20, 1));
  });
});
