import { decode, encode, is, numbers, same } from './bus-subject.ts';
import { ask, type KeyValueSubject, refusal, textOf } from './key-value-subject.ts';
import type { ConformanceCase } from './kit.ts';

type Case = ConformanceCase<KeyValueSubject>;
const contract = 'KeyValue contract';
const adr = 'NATS ADR-8 (JetStream based key-value stores)';

/** What is written and read. */
export const entryCases: readonly Case[] = [
  {
    name: 'knows nothing of a key that was never written',
    source: contract,
    async run(subject) {
      const bucket = await ask(subject, subject.values.bucket('one'));
      is(await ask(subject, bucket.get('a.b')), undefined);
      same(await ask(subject, bucket.entries('>')), []);
    },
  },
  {
    name: 'gives back what was written last, byte for byte, with the revision of that write',
    source: adr,
    async run(subject) {
      const bucket = await ask(subject, subject.values.bucket('one'));
      const every = Uint8Array.from({ length: 256 }, (_, i) => i);
      await ask(subject, bucket.put('a', encode('old')));
      const revision = await ask(subject, bucket.put('a', every));
      const entry = await ask(subject, bucket.get('a'));
      same([entry?.key, [...(entry?.value ?? [])], entry?.revision], ['a', [...every], revision]);
      await ask(subject, bucket.put('none', new Uint8Array()));
      is((await ask(subject, bucket.get('none')))?.value.length, 0);
    },
  },
  {
    name: 'raises the revision with every write to the bucket, whoever makes it',
    source: adr,
    async run(subject) {
      const bucket = await ask(subject, subject.values.bucket('one'));
      const others = await ask(subject, subject.other.bucket('one'));
      const seen: number[] = [];
      for (const [writer, key] of [
        [bucket, 'a'] as const,
        [others, 'b'] as const,
        [bucket, 'c'] as const,
        [others, 'a'] as const,
      ])
        seen.push(await ask(subject, writer.put(key, encode(key))));
      is(
        seen.every((revision, i) => revision > (seen[i - 1] ?? 0)),
        true,
        `revisions ${seen}`,
      );
    },
  },
  {
    name: 'keeps its own copy of what it was given',
    source: contract,
    async run(subject) {
      const bucket = await ask(subject, subject.values.bucket('one'));
      const value = encode('mine');
      const written = bucket.put('a', value);
      value.fill(0);
      await ask(subject, written);
      is(await textOf(subject, bucket, 'a'), 'mine');
    },
  },
  {
    name: 'writes with revision 0 only where no such key is',
    source: contract,
    async run(subject) {
      const bucket = await ask(subject, subject.values.bucket('one'));
      await ask(subject, bucket.put('a', encode('first'), 0));
      is(await refusal(subject, bucket.put('a', encode('second'), 0)), 'E_KV_CONFLICT');
      is(await textOf(subject, bucket, 'a'), 'first');
    },
  },
  {
    name: 'writes with revision 0 where a key was deleted',
    source: adr,
    async run(subject) {
      const bucket = await ask(subject, subject.values.bucket('one'));
      await ask(subject, bucket.put('a', encode('first')));
      await ask(subject, bucket.delete('a'));
      await ask(subject, bucket.put('a', encode('second'), 0));
      is(await textOf(subject, bucket, 'a'), 'second');
    },
  },
  {
    name: 'writes with a revision only where that is the latest write',
    source: contract,
    async run(subject) {
      const bucket = await ask(subject, subject.values.bucket('one'));
      const first = await ask(subject, bucket.put('a', encode('1')));
      const elsewhere = await ask(subject, bucket.put('b', encode('1')));
      const second = await ask(subject, bucket.put('a', encode('2'), first));
      for (const revision of [first, elsewhere, second + 100])
        is(await refusal(subject, bucket.put('a', encode('3'), revision)), 'E_KV_CONFLICT');
      is(await textOf(subject, bucket, 'a'), '2');
    },
  },
  {
    name: 'lets one of several writers of a revision win, and tells the others',
    source: 'scale D.2 (compare-and-set is the fence)',
    async run(subject) {
      const buckets = [
        await ask(subject, subject.values.bucket('one')),
        await ask(subject, subject.other.bucket('one')),
      ] as const;
      const writers = numbers(0, 20).map((writer, i) => (i % 2 === 0 ? buckets[0] : buckets[1]).put('a', encode(writer), 0));
      const codes = await Promise.all(writers.map((written) => refusal(subject, written)));
      is(codes.filter((code) => code === undefined).length, 1);
      is(codes.filter((code) => code === 'E_KV_CONFLICT').length, 19);
      is(await textOf(subject, buckets[1], 'a'), String(codes.indexOf(undefined)));
    },
  },
  {
    name: 'writes without a revision in any case',
    source: contract,
    async run(subject) {
      const bucket = await ask(subject, subject.values.bucket('one'));
      for (const value of ['1', '2']) await ask(subject, bucket.put('a', encode(value)));
      is(await textOf(subject, bucket, 'a'), '2');
    },
  },
  {
    name: 'deletes a key: it is neither read nor listed',
    source: adr,
    async run(subject) {
      const bucket = await ask(subject, subject.values.bucket('one'));
      for (const key of ['a', 'b']) await ask(subject, bucket.put(key, encode(key)));
      await ask(subject, bucket.delete('a'));
      await ask(subject, bucket.delete('a'));
      is(await ask(subject, bucket.get('a')), undefined);
      same(
        (await ask(subject, bucket.entries('>'))).map(({ key }) => key),
        ['b'],
      );
    },
  },
  {
    name: 'deletes with a revision only where that is the latest write',
    source: contract,
    async run(subject) {
      const bucket = await ask(subject, subject.values.bucket('one'));
      const first = await ask(subject, bucket.put('a', encode('1')));
      const second = await ask(subject, bucket.put('a', encode('2')));
      is(await refusal(subject, bucket.delete('a', first)), 'E_KV_CONFLICT');
      is(await textOf(subject, bucket, 'a'), '2');
      await ask(subject, bucket.delete('a', second));
      is(await ask(subject, bucket.get('a')), undefined);
    },
  },
  {
    name: 'lists exactly the keys that match a pattern, with value and revision',
    source: 'NATS subject-based messaging',
    async run(subject) {
      const bucket = await ask(subject, subject.values.bucket('one'));
      const revisions = new Map<string, number>();
      for (const key of ['s.1', 's.2', 's.1.x', 'm.1', 's'])
        revisions.set(key, await ask(subject, bucket.put(key, encode(`of ${key}`))));
      for (const [pattern, keys] of [
        ['s.*', ['s.1', 's.2']],
        ['s.>', ['s.1', 's.1.x', 's.2']],
        ['*', ['s']],
        ['m.1', ['m.1']],
      ] as const) {
        const found = (await ask(subject, bucket.entries(pattern))).map((entry) => [
          entry.key,
          decode(entry.value),
          entry.revision,
        ]);
        same(
          found.sort(),
          keys.map((key) => [key, `of ${key}`, revisions.get(key)]),
        );
      }
    },
  },
  {
    name: 'keeps buckets apart',
    source: contract,
    async run(subject) {
      const [one, two] = [await ask(subject, subject.values.bucket('one')), await ask(subject, subject.values.bucket('two'))];
      await ask(subject, one.put('a', encode('of one')));
      is(await ask(subject, two.get('a')), undefined);
      await ask(subject, two.put('a', encode('of two'), 0));
      same([await textOf(subject, one, 'a'), await textOf(subject, two, 'a')], ['of one', 'of two']);
    },
  },
  {
    name: 'opens a bucket with what is in it, whoever made it',
    source: contract,
    async run(subject) {
      const made = await ask(subject, subject.values.bucket('one'));
      await ask(subject, made.put('a', encode('here')));
      for (const values of [subject.other, subject.values]) {
        const opened = await ask(subject, values.bucket('one'));
        is(await textOf(subject, opened, 'a'), 'here');
      }
    },
  },
  {
    name: 'refuses malformed keys and patterns with E_BUS_SUBJECT',
    source: 'KeyValue contract; NATS ADR-6',
    async run(subject) {
      const bucket = await ask(subject, subject.values.bucket('one'));
      for (const key of ['', '.a', 'a..b', 'a b', 'a.*', '>', 'ä']) {
        is(await refusal(subject, bucket.get(key)), 'E_BUS_SUBJECT', `get ${key}`);
        is(await refusal(subject, bucket.put(key, encode(''))), 'E_BUS_SUBJECT', `put ${key}`);
        is(await refusal(subject, bucket.delete(key)), 'E_BUS_SUBJECT', `delete ${key}`);
      }
      is(await refusal(subject, bucket.entries('a.>.b')), 'E_BUS_SUBJECT');
    },
  },
];
