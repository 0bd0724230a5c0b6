import { encode, is, numbers, same } from './bus-subject.ts';
import { ask, type KeyValueSubject, noteChanges, refusal, textOf } from './key-value-subject.ts';
import type { ConformanceCase } from './kit.ts';

type Case = ConformanceCase<KeyValueSubject>;
const contract = 'KeyValue contract';
const outage = 'scale D.5 (failure table)';

/** What watchers hear, and what a lost connection does. */
export const watchCases: readonly Case[] = [
  {
    name: 'tells a watcher each matching key as it is, then that it is ready',
    source: contract,
    async run(subject) {
      const bucket = await ask(subject, subject.values.bucket('one'));
      for (const key of ['s.1', 'm.1', 's.2', 's.1']) await ask(subject, bucket.put(key, encode(key)));
      const told = noteChanges(bucket, 's.*');
      await subject.until(() => told.includes('ready'));
      same(told, ['s.2=s.2', 's.1=s.1', 'ready']);
    },
  },
  {
    name: 'tells a watcher at once that it is ready where nothing matches',
    source: contract,
    async run(subject) {
      const bucket = await ask(subject, subject.values.bucket('one'));
      await ask(subject, bucket.put('m.1', encode('')));
      const told = noteChanges(bucket, 's.*');
      await subject.until(() => told.length > 0);
      same(told, ['ready']);
    },
  },
  {
    name: 'tells a new watcher nothing of keys that were deleted before',
    source: contract,
    async run(subject) {
      const bucket = await ask(subject, subject.values.bucket('one'));
      await ask(subject, bucket.put('a', encode('1')));
      await ask(subject, bucket.delete('a'));
      const told = noteChanges(bucket, '>');
      await subject.until(() => told.includes('ready'));
      same(told, ['ready']);
    },
  },
  {
    name: 'tells a watcher each later change in order, whoever makes it',
    source: contract,
    async run(subject) {
      const bucket = await ask(subject, subject.values.bucket('one'));
      const others = await ask(subject, subject.other.bucket('one'));
      const told = noteChanges(bucket, '>');
      await subject.until(() => told.includes('ready'));
      const expected = numbers(0, 40).map((value) => `k${Number(value) % 20}=${value}`);
      for (const [i, change] of expected.entries()) {
        const [key = '', value = ''] = change.split('=');
        await ask(subject, (i % 2 === 0 ? bucket : others).put(key, encode(value)));
        // As it comes: of a key that is written again at once, the bucket keeps the latest only.
        await subject.until(() => told.length > i + 1);
      }
      same(told, ['ready', ...expected]);
    },
  },
  {
    name: 'tells a watcher of a deletion, without a value',
    source: contract,
    async run(subject) {
      const bucket = await ask(subject, subject.values.bucket('one'));
      await ask(subject, bucket.put('a', encode('1')));
      const told = noteChanges(bucket, '>');
      await subject.until(() => told.includes('ready'));
      await ask(subject, bucket.delete('a'));
      await ask(subject, bucket.put('b', encode('2')));
      await subject.until(() => told.includes('b=2'));
      same(told, ['a=1', 'ready', 'a-', 'b=2']);
    },
  },
  {
    name: 'tells nothing after unsubscribe has returned',
    source: contract,
    async run(subject) {
      const bucket = await ask(subject, subject.values.bucket('one'));
      const told: string[] = [];
      const ended = bucket.watch('>', ({ key }) => told.push(key));
      const sentinel = noteChanges(bucket, '>');
      await subject.until(() => sentinel.includes('ready'));
      ended.unsubscribe();
      ended.unsubscribe();
      await ask(subject, bucket.put('a', encode('')));
      await ask(subject, bucket.put('b', encode('')));
      await subject.until(() => sentinel.includes('b='));
      same(told, []);
    },
  },
  {
    name: 'keeps a watch whose handler throws',
    source: contract,
    async run(subject) {
      const bucket = await ask(subject, subject.values.bucket('one'));
      const told: string[] = [];
      bucket.watch('>', ({ key }) => {
        told.push(key);
        throw new Error('handler of a test throws on purpose');
      });
      await ask(subject, bucket.put('a', encode('')));
      await subject.until(() => told.includes('a'));
      await ask(subject, bucket.put('b', encode('')));
      await subject.until(() => told.includes('b'));
      same(told, ['a', 'b']);
    },
  },
  {
    name: 'fails with E_KV_UNAVAILABLE while the connection is lost, writes nothing later, and works again',
    source: outage,
    async run(subject) {
      const bucket = await ask(subject, subject.values.bucket('one'));
      const others = await ask(subject, subject.other.bucket('one'));
      const revision = await ask(subject, bucket.put('a', encode('before')));
      await subject.lose();
      for (const question of [
        () => bucket.get('a'),
        () => bucket.entries('>'),
        () => bucket.put('a', encode('lost'), revision),
        () => bucket.delete('a', revision),
      ])
        is(await refusal(subject, question()), 'E_KV_UNAVAILABLE');
      await subject.find();
      is(await textOf(subject, bucket, 'a'), 'before');
      await ask(subject, bucket.put('a', encode('after'), revision));
      is(await textOf(subject, others, 'a'), 'after');
    },
  },
  {
    name: 'tells a watcher whose connection was lost the latest write of each key, in order',
    source: outage,
    async run(subject) {
      const bucket = await ask(subject, subject.values.bucket('one'));
      const others = await ask(subject, subject.other.bucket('one'));
      for (const key of ['a', 'b', 'c']) await ask(subject, others.put(key, encode('0')));
      const told = noteChanges(bucket, '>');
      await subject.until(() => told.includes('ready'));
      await subject.lose();
      for (const value of ['1', '2', '3']) await ask(subject, others.put('c', encode(value)));
      await ask(subject, others.put('a', encode('4')));
      await subject.find();
      await subject.until(() => told.includes('a=4'));
      await ask(subject, others.put('d', encode('5')));
      await subject.until(() => told.includes('d=5'));
      same(told.slice(0, 4), ['a=0', 'b=0', 'c=0', 'ready']);
      // What was told before may be told again.
      same(
        told.slice(4).filter((change) => !change.endsWith('=0')),
        ['c=3', 'a=4', 'd=5'],
      );
    },
  },
  {
    name: 'tells a watcher whose connection was lost of a deletion meanwhile',
    source: outage,
    async run(subject) {
      const bucket = await ask(subject, subject.values.bucket('one'));
      const others = await ask(subject, subject.other.bucket('one'));
      await ask(subject, others.put('a', encode('1')));
      const told = noteChanges(bucket, '>');
      await subject.until(() => told.includes('ready'));
      await subject.lose();
      await ask(subject, others.delete('a'));
      await subject.find();
      await subject.until(() => told.includes('a-'));
    },
  },
  {
    name: 'is ready, later, with a watch that was asked for while the connection was lost',
    source: outage,
    async run(subject) {
      const bucket = await ask(subject, subject.values.bucket('one'));
      await ask(subject, bucket.put('a', encode('1')));
      await subject.lose();
      const told = noteChanges(bucket, '>');
      is(await refusal(subject, bucket.get('a')), 'E_KV_UNAVAILABLE');
      is(told.length, 0);
      await subject.find();
      await subject.until(() => told.includes('ready'));
      same(told, ['a=1', 'ready']);
    },
  },
];
