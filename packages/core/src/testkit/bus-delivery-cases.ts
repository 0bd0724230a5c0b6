import {
  type BusSubject,
  decode,
  encode,
  follow,
  is,
  noteDeliveries,
  numbers,
  publishAll,
  same,
  thrownCode,
} from './bus-subject.ts';
import type { ConformanceCase } from './kit.ts';

const contract = 'Bus contract';
const nats = 'NATS subject-based messaging';
const queues = 'NATS queue groups';

/** What reaches whom: bytes, order, wildcards, queue groups. */
export const deliveryCases: readonly ConformanceCase<BusSubject>[] = [
  {
    name: 'delivers after publish has returned, never inside its stack',
    source: contract,
    async run({ bus, settle }) {
      const seen = noteDeliveries(bus, 'a.b');
      bus.publish('a.b', encode('1'));
      same(seen, []);
      await settle();
      same(seen, ['1']);
    },
  },
  {
    name: 'delivers the published subject and bytes unchanged',
    source: contract,
    async run({ bus, settle }) {
      const every = Uint8Array.from({ length: 256 }, (_, i) => i);
      const seen: [string, number[]][] = [];
      bus.subscribe('bytes.*', ({ subject, payload }) => seen.push([subject, [...payload]]));
      bus.publish('bytes.every', every);
      bus.publish('bytes.none', new Uint8Array());
      await settle();
      same(seen, [
        ['bytes.every', [...every]],
        ['bytes.none', []],
      ]);
    },
  },
  {
    name: 'delivers headers unchanged, and none as an empty record',
    source: contract,
    async run({ bus, settle }) {
      const headers = { flow: 'udp/1', at: '1700000000000.25', Empty: '', quoted: '"a: b"; ü' };
      const seen: [string, string][][] = [];
      bus.subscribe('a', (message) => seen.push(Object.entries(message.headers).sort()));
      bus.publish('a', encode('1'), { headers });
      bus.publish('a', encode('2'));
      bus.publish('a', encode('3'), { headers: {} });
      await settle();
      same(seen, [Object.entries(headers).sort(), [], []]);
    },
  },
  {
    name: 'delivers one publisher’s messages in their order, over all subjects of a wildcard',
    source: contract,
    async run({ bus, settle }) {
      const one = noteDeliveries(bus, 'order.1');
      const all = noteDeliveries(bus, 'order.>');
      const values = numbers(0, 600);
      for (const value of values) bus.publish(`order.${Number(value) % 3}`, encode(value));
      await settle();
      same(all, values);
      same(
        one,
        values.filter((value) => Number(value) % 3 === 1),
      );
    },
  },
  {
    name: 'matches exactly one token with *',
    source: nats,
    async run({ bus, settle }) {
      const seen: string[] = [];
      bus.subscribe('a.*.c', ({ subject }) => seen.push(subject));
      for (const subject of ['a.b.c', 'a.c', 'a.b.b.c', 'a.*x.c', 'a.b.d', 'b.b.c', 'a.b.c.d', 'A.b.c'])
        bus.publish(subject, encode(''));
      await settle();
      same(seen, ['a.b.c', 'a.*x.c']);
    },
  },
  {
    name: 'matches one or more last tokens with >',
    source: nats,
    async run({ bus, settle }) {
      const seen: string[] = [];
      bus.subscribe('a.b.>', ({ subject }) => seen.push(subject));
      for (const subject of ['a.b', 'a.b.c', 'a.b.c.d.e', 'a.x.c', 'a']) bus.publish(subject, encode(''));
      await settle();
      same(seen, ['a.b.c', 'a.b.c.d.e']);
    },
  },
  {
    name: 'takes * and > inside a token for letters',
    source: nats,
    async run({ bus, settle }) {
      const seen: string[] = [];
      bus.subscribe('a.b*', ({ subject }) => seen.push(subject));
      bus.subscribe('a.c>', ({ subject }) => seen.push(subject));
      for (const subject of ['a.bx', 'a.b*', 'a.cx', 'a.c>', 'a.c.d']) bus.publish(subject, encode(''));
      await settle();
      same(seen, ['a.b*', 'a.c>']);
    },
  },
  {
    name: 'delivers once to each matching subscription',
    source: nats,
    async run({ bus, settle }) {
      const seen = ['a.b', 'a.b', 'a.*', '>', 'a.>', '*.b'].map((pattern) => noteDeliveries(bus, pattern));
      noteDeliveries(bus, '*');
      bus.publish('a.b', encode('1'));
      await settle();
      same(seen, [['1'], ['1'], ['1'], ['1'], ['1'], ['1']]);
    },
  },
  {
    name: 'reaches every subject that somebody subscribes to, wildcards included',
    source: contract,
    async run({ bus }) {
      bus.subscribe('a.b', () => {});
      bus.subscribe('c.*', () => {}, { queue: 'q' });
      same(
        ['a.b', 'c.d'].map((subject) => bus.reaches(subject)),
        [true, true],
      );
      is(
        thrownCode(() => bus.reaches('a..b')),
        'E_BUS_SUBJECT',
      );
    },
  },
  {
    name: 'publishes without a subscriber and without an error',
    source: contract,
    async run({ bus, settle }) {
      bus.publish('nobody.here', encode('1'));
      bus.publish('nobody.here', encode('2'), { reply: 'nobody.there' });
      await settle();
    },
  },
  {
    name: 'delivers nothing to a subscription made after the publish',
    source: contract,
    async run({ bus, settle }) {
      bus.publish('late', encode('1'));
      const literal = noteDeliveries(bus, 'late');
      const wild = noteDeliveries(bus, '*');
      await settle();
      same([literal, wild], [[], []]);
      bus.publish('late', encode('2'));
      await settle();
      same([literal, wild], [['2'], ['2']]);
    },
  },
  {
    name: 'gives a message to exactly one member of a queue group',
    source: queues,
    async run({ bus, settle }) {
      const members = [1, 2, 3].map(() => noteDeliveries(bus, 'work', { queue: 'q' }));
      publishAll(bus, 'work', numbers(0, 60));
      await settle();
      same(
        members.flat().sort((a, b) => Number(a) - Number(b)),
        numbers(0, 60),
      );
    },
  },
  {
    name: 'gives each queue group and each plain subscription its own delivery',
    source: queues,
    async run({ bus, settle }) {
      const q = [1, 2].map(() => noteDeliveries(bus, 'work', { queue: 'q' }));
      const r = [1, 2].map(() => noteDeliveries(bus, 'work', { queue: 'r' }));
      const plain = noteDeliveries(bus, 'work');
      publishAll(bus, 'work', numbers(0, 20));
      await settle();
      same([q.flat().length, r.flat().length, plain.length], [20, 20, 20]);
    },
  },
  {
    name: 'shares the messages of a queue group among its members',
    source: queues,
    async run({ bus, settle }) {
      const members = [1, 2, 3].map(() => noteDeliveries(bus, 'work.*', { queue: 'q' }));
      // Fair over one subject and over subjects used once. 300 of 900 each; 200 is more than 7 standard deviations away.
      publishAll(bus, 'work.same', numbers(0, 450));
      for (const value of numbers(0, 450)) bus.publish(`work.${value}`, encode(value));
      await settle();
      for (const member of members) is(member.length > 200, true, `members got ${members.map((one) => one.length)} of 900`);
    },
  },
  {
    name: 'joins queue groups of one name over different patterns',
    source: 'nats-server, sublist matching',
    async run({ bus, settle }) {
      const seen = ['join.a', 'join.*', 'join.>'].map((pattern) => noteDeliveries(bus, pattern, { queue: 'q' }));
      publishAll(bus, 'join.a', numbers(0, 30));
      await settle();
      is(seen.flat().length, 30);
    },
  },
  {
    name: 'keeps the subscription of a handler that throws, and its neighbours',
    source: contract,
    async run({ bus, settle }) {
      const seen: string[] = [];
      bus.subscribe('throws', ({ payload }) => {
        seen.push(decode(payload));
        throw new Error('handler of a test throws on purpose');
      });
      const neighbour = noteDeliveries(bus, 'throws');
      publishAll(bus, 'throws', ['1', '2']);
      await settle();
      same(
        [seen, neighbour],
        [
          ['1', '2'],
          ['1', '2'],
        ],
      );
    },
  },
  {
    name: 'refuses malformed subjects with E_BUS_SUBJECT',
    source: 'Bus contract; NATS ADR-6',
    async run({ bus, settle }) {
      const malformed = ['', '.', '.a', 'a.', 'a..b', 'a b', 'a\tb', 'a\r\nb', 'a\u0000b', 'ä', 'a'.repeat(1_025)];
      for (const subject of malformed) {
        is(
          thrownCode(() => bus.publish(subject, encode(''))),
          'E_BUS_SUBJECT',
          `publish ${JSON.stringify(subject)}`,
        );
        is(
          thrownCode(() => bus.subscribe(subject, () => {})),
          'E_BUS_SUBJECT',
          `subscribe ${JSON.stringify(subject)}`,
        );
      }
      is(
        thrownCode(() => bus.subscribe('a.>.b', () => {})),
        'E_BUS_SUBJECT',
      );
      is(
        thrownCode(() => bus.subscribe('a', () => {}, { queue: 'q 1' })),
        'E_BUS_SUBJECT',
      );
      is(
        thrownCode(() => bus.publish('a', encode(''), { reply: 'b c' })),
        'E_BUS_SUBJECT',
      );
      const request = follow(bus.request('a..b', encode(''), { timeoutMs: 60_000 }));
      await settle();
      is(request.code, 'E_BUS_SUBJECT');
    },
  },
  {
    name: 'refuses to publish to a wildcard with E_BUS_SUBJECT',
    source: contract,
    async run({ bus, settle }) {
      noteDeliveries(bus, '>');
      for (const subject of ['a.*', '*', 'a.>', '*.b'])
        is(
          thrownCode(() => bus.publish(subject, encode(''))),
          'E_BUS_SUBJECT',
          subject,
        );
      is(
        thrownCode(() => bus.publish('a', encode(''), { reply: 'b.*' })),
        'E_BUS_SUBJECT',
      );
      await settle();
    },
  },
  {
    name: 'carries 1 MiB, headers included, and refuses a byte more with E_BUS_PAYLOAD',
    source: contract,
    async run({ bus, settle }) {
      const seen: number[] = [];
      bus.subscribe('big', ({ payload }) => seen.push(payload.length));
      bus.publish('big', new Uint8Array(1_048_576));
      is(
        thrownCode(() => bus.publish('big', new Uint8Array(1_048_577))),
        'E_BUS_PAYLOAD',
      );
      // `NATS/1.0 CRLF`, `k: v CRLF`, `CRLF`: 18 bytes.
      const headers = { k: 'v' };
      bus.publish('big', new Uint8Array(1_048_576 - 18), { headers });
      is(
        thrownCode(() => bus.publish('big', new Uint8Array(1_048_577 - 18), { headers })),
        'E_BUS_PAYLOAD',
      );
      const request = follow(bus.request('big', new Uint8Array(1_048_577), { timeoutMs: 60_000 }));
      await settle();
      same(seen, [1_048_576, 1_048_576 - 18]);
      is(request.code, 'E_BUS_PAYLOAD');
    },
  },
  {
    name: 'refuses headers that would not arrive unchanged with E_BUS_PAYLOAD',
    source: 'Bus contract; NATS ADR-4',
    async run({ bus, settle }) {
      for (const headers of [{ 'a b': '1' }, { 'a:': '1' }, { '': '1' }, { a: '1\r\nb: 2' }, { a: '1\n' }, { a: ' 1' }]) {
        is(
          thrownCode(() => bus.publish('a', encode(''), { headers })),
          'E_BUS_PAYLOAD',
          JSON.stringify(headers),
        );
      }
      await settle();
    },
  },
];
