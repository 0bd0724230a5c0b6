import type { Subscription } from '../contracts/bus.ts';
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
  serve,
  thrownCode,
} from './bus-subject.ts';
import type { ConformanceCase } from './kit.ts';

const contract = 'Bus contract';
const replies = 'NATS request-reply';

/** Longer than any test may take: an answer that comes does not come from the timeout. */
const patientMs = 3_600_000;

/** How things end: unsubscribing, draining, requests and their answers. */
export const lifecycleCases: readonly ConformanceCase<BusSubject>[] = [
  {
    name: 'delivers nothing after unsubscribe has returned, not even what was under way',
    source: contract,
    async run({ bus, settle }) {
      const seen: string[] = [];
      const subscription = bus.subscribe('u', ({ payload }) => seen.push(decode(payload)));
      const other = noteDeliveries(bus, 'u');
      bus.publish('u', encode('1'));
      await settle();
      bus.publish('u', encode('2'));
      subscription.unsubscribe();
      bus.publish('u', encode('3'));
      await settle();
      same([seen, other], [['1'], ['1', '2', '3']]);
    },
  },
  {
    name: 'unsubscribes from inside the handler',
    source: contract,
    async run({ bus, settle }) {
      const seen: string[] = [];
      const subscription: Subscription = bus.subscribe('u.*', ({ payload }) => {
        seen.push(decode(payload));
        subscription.unsubscribe();
      });
      for (const value of numbers(0, 3)) bus.publish(`u.${value}`, encode(value));
      await settle();
      same(seen, ['0']);
    },
  },
  {
    name: 'unsubscribes and drains again without harm',
    source: contract,
    async run({ bus, settle }) {
      const kept = noteDeliveries(bus, 'u');
      const subscription = bus.subscribe('u', () => {});
      subscription.unsubscribe();
      subscription.unsubscribe();
      const drained = follow(subscription.drain());
      await settle();
      is(drained.settled, true);
      is(drained.code, undefined);
      bus.publish('u', encode('1'));
      await settle();
      same(kept, ['1']);
    },
  },
  {
    name: 'ends a subscription after max deliveries',
    source: contract,
    async run({ bus, settle }) {
      const literal = noteDeliveries(bus, 'm.a', { max: 2 });
      const wild = noteDeliveries(bus, 'm.*', { max: 3 });
      publishAll(bus, 'm.a', numbers(0, 5));
      await settle();
      bus.publish('m.a', encode('5'));
      await settle();
      same(
        [literal, wild],
        [
          ['0', '1'],
          ['0', '1', '2'],
        ],
      );
    },
  },
  {
    name: 'drains a subscription: what is queued is delivered, nothing after',
    source: contract,
    async run({ bus, settle }) {
      const seen: string[] = [];
      const subscription = bus.subscribe('d', ({ payload }) => seen.push(decode(payload)));
      publishAll(bus, 'd', numbers(0, 300));
      const drained = follow(subscription.drain());
      bus.publish('d', encode('after'));
      await settle();
      is(drained.settled, true);
      same(seen, numbers(0, 300));
    },
  },
  {
    name: 'flushes: what was published before has been handed over',
    source: contract,
    async run({ bus, settle }) {
      const seen = noteDeliveries(bus, 'f');
      publishAll(bus, 'f', numbers(0, 1_000));
      let seenAtFlush = -1;
      const flushed = follow(
        bus.flush().then(() => {
          seenAtFlush = seen.length;
        }),
      );
      await settle();
      is(flushed.settled, true);
      is(seenAtFlush, 1_000);
    },
  },
  {
    name: 'answers a request with payload and headers',
    source: replies,
    async run({ bus, settle }) {
      bus.subscribe('r', (request) => request.respond(encode(`${decode(request.payload)}!`), { k: `${request.headers.k}!` }));
      const answer = follow(bus.request('r', encode('hello'), { timeoutMs: patientMs, headers: { k: 'v' } }));
      await settle();
      is(answer.code, undefined);
      is(answer.value && decode(answer.value.payload), 'hello!');
      is(answer.value?.headers.k, 'v!');
    },
  },
  {
    name: 'gives each request under way its own answer, whatever their order',
    source: replies,
    async run({ bus, settle }) {
      const waiting: (() => void)[] = [];
      bus.subscribe('r', (request) => waiting.unshift(() => request.respond(request.payload)));
      const answers = numbers(0, 50).map((value) => follow(bus.request('r', encode(value), { timeoutMs: patientMs })));
      await settle();
      for (const answer of waiting) answer();
      await settle();
      same(
        answers.map(({ value }) => value && decode(value.payload)),
        numbers(0, 50),
      );
    },
  },
  {
    name: 'takes the first answer of several',
    source: replies,
    async run({ bus, settle }) {
      bus.subscribe('r', (request) => {
        request.respond(encode('first'));
        request.respond(encode('second'));
      });
      const answer = follow(bus.request('r', encode(''), { timeoutMs: patientMs }));
      await settle();
      is(answer.value && decode(answer.value.payload), 'first');
    },
  },
  {
    name: 'sends an answer to the reply subject of the publisher, and nowhere without one',
    source: replies,
    async run({ bus, settle }) {
      const answers = noteDeliveries(bus, 'answers.here');
      const replySubjects: unknown[] = [];
      bus.subscribe('r', (request) => {
        replySubjects.push(request.reply);
        request.respond(encode('yes'));
      });
      bus.publish('r', encode('1'), { reply: 'answers.here' });
      bus.publish('r', encode('2'));
      await settle();
      same(answers, ['yes']);
      same(replySubjects, ['answers.here', undefined]);
    },
  },
  {
    name: 'keeps its own notices from subscribers: a reply subject hears answers only',
    source: contract,
    async run({ bus, settle }) {
      const answers = noteDeliveries(bus, 'answers.here');
      bus.publish('nobody', encode('1'), { reply: 'answers.here' });
      await settle();
      same(answers, []);
    },
  },
  {
    name: 'fails a request at once with E_BUS_NO_RESPONDERS when nobody listens',
    source: 'NATS ADR-1 (no responders)',
    async run({ bus, settle }) {
      const gone = bus.subscribe('gone', () => {});
      gone.unsubscribe();
      const requests = ['nobody', 'gone'].map((subject) => follow(bus.request(subject, encode(''), { timeoutMs: patientMs })));
      await settle();
      same(
        requests.map(({ code }) => code),
        ['E_BUS_NO_RESPONDERS', 'E_BUS_NO_RESPONDERS'],
      );
    },
  },
  {
    name: 'fails a request that nobody answers with E_BUS_TIMEOUT, not before its time',
    source: contract,
    async run({ bus, settle, elapse, now }) {
      bus.subscribe('silent', () => {});
      const startMs = now();
      let tookMs = -1;
      const request = follow(
        bus.request('silent', encode(''), { timeoutMs: 100 }).finally(() => {
          tookMs = now() - startMs;
        }),
      );
      await settle();
      await elapse(150);
      is(request.code, 'E_BUS_TIMEOUT');
      is(tookMs >= 100, true, `failed after ${tookMs} of 100 ms`);
    },
  },
  {
    name: 'drops an answer that comes too late',
    source: contract,
    async run({ bus, settle, elapse }) {
      let answerLate = (): void => {};
      bus.subscribe('slow', (request) => {
        answerLate = () => request.respond(encode('late'));
      });
      serve(bus, 'quick', () => 'quick');
      const slow = follow(bus.request('slow', encode(''), { timeoutMs: 20 }));
      await settle();
      await elapse(60);
      is(slow.code, 'E_BUS_TIMEOUT');
      const quick = follow(bus.request('quick', encode(''), { timeoutMs: patientMs }));
      answerLate();
      await settle();
      is(quick.value && decode(quick.value.payload), 'quick');
    },
  },
  {
    name: 'drains: what is queued is delivered, then it is closed to everything',
    source: contract,
    async run({ bus, settle }) {
      const seen = noteDeliveries(bus, 'd');
      publishAll(bus, 'd', numbers(0, 300));
      const drained = follow(bus.drain());
      is(
        thrownCode(() => bus.subscribe('d', () => {})),
        'E_BUS_CLOSED',
      );
      await settle();
      is(drained.settled, true);
      is(drained.code, undefined);
      same(seen, numbers(0, 300));
      is(
        thrownCode(() => bus.publish('d', encode(''))),
        'E_BUS_CLOSED',
      );
      is(
        thrownCode(() => bus.subscribe('d', () => {})),
        'E_BUS_CLOSED',
      );
      const request = follow(bus.request('d', encode(''), { timeoutMs: patientMs }));
      await settle();
      is(request.code, 'E_BUS_CLOSED');
    },
  },
  {
    name: 'drains and flushes again without harm',
    source: contract,
    async run({ bus, settle }) {
      const ends = [follow(bus.drain()), follow(bus.drain())];
      await settle();
      ends.push(follow(bus.drain()), follow(bus.flush()));
      await settle();
      for (const { settled, code } of ends) same([settled, code], [true, undefined]);
    },
  },
  {
    name: 'fails requests under way with E_BUS_CLOSED when it closes',
    source: contract,
    async run({ bus, settle }) {
      bus.subscribe('silent', () => {});
      const request = follow(bus.request('silent', encode(''), { timeoutMs: patientMs }));
      await settle();
      is(request.settled, false);
      await Promise.all([bus.drain(), settle()]);
      await settle();
      is(request.code, 'E_BUS_CLOSED');
    },
  },
  {
    name: 'ignores an answer given after the end',
    source: contract,
    async run({ bus, settle }) {
      let answerLate = (): void => {};
      bus.subscribe('slow', (request) => {
        answerLate = () => request.respond(encode('late'));
      });
      const request = follow(bus.request('slow', encode(''), { timeoutMs: patientMs }));
      await settle();
      await Promise.all([bus.drain(), settle()]);
      is(
        thrownCode(() => answerLate()),
        undefined,
      );
      await settle();
      is(request.code, 'E_BUS_CLOSED');
    },
  },
];
