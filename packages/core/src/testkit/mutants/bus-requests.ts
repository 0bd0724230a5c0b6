import type { Bus, BusMessage } from '../../contracts/bus.ts';
import { BusError } from '../../errors.ts';
import { codeOf } from '../bus-subject.ts';
import type { Mutants } from '../kit.ts';
import { bound, receiving, soon } from './bus-wrap.ts';

const forever = (): Promise<never> => new Promise(() => {});

/** Requests that end with `code` never end. */
const hangingOn = (good: Bus, code: string): Bus => ({
  ...bound(good),
  request: (...request) =>
    good.request(...request).catch((error: unknown) => {
      if (codeOf(error) === code) return forever();
      throw error;
    }),
});

/** Answers go to requests in the order they come. */
function answersInTurn(good: Bus): Bus {
  const waiting: ((answer: BusMessage) => void)[] = [];
  return {
    ...bound(good),
    request: (...request) =>
      new Promise((resolve, reject) => {
        waiting.push(resolve);
        good.request(...request).then((answer) => waiting.shift()?.(answer), reject);
      }),
  };
}

/** Only the last answer of a handler leaves. */
const lastAnswerOnly = (good: Bus): Bus =>
  receiving(good, (message) => {
    let last: Uint8Array | undefined;
    return {
      respond(payload) {
        if (last === undefined) soon(() => message.respond(last as Uint8Array));
        last = payload;
      },
    };
  });

/** One inbox for all requests: whatever comes answers the latest one. */
function oneInbox(good: Bus): Bus {
  const inbox = 'mutant.inbox';
  let latest: ((answer: BusMessage) => void) | undefined;
  good.subscribe(inbox, (answer) => latest?.(answer));
  good.subscribe('mutant.silent', () => {});
  return {
    ...bound(good),
    request(subject, payload, { timeoutMs, headers = {} }) {
      good.publish(subject, payload, { headers, reply: inbox });
      const answer = new Promise<BusMessage>((resolve) => {
        latest = resolve;
      });
      return Promise.race([answer, good.request('mutant.silent', payload, { timeoutMs })]);
    },
  };
}

/** Tells a reply subject of its own that nobody listens. */
function reportsSilence(good: Bus): Bus {
  const known = new Set<string>();
  return {
    ...bound(good),
    publish(subject, payload, options) {
      good.publish(subject, payload, options);
      if (options?.reply !== undefined && !known.has(subject)) good.publish(options.reply, new Uint8Array());
    },
    subscribe(subject, handler, options) {
      known.add(subject);
      return good.subscribe(subject, handler, options);
    },
  };
}

function answersThrowAtTheEnd(good: Bus): Bus {
  let drained = false;
  const strict = receiving(good, (message) => ({
    respond(payload, headers) {
      if (drained) throw new BusError('E_BUS_CLOSED', 'closed');
      message.respond(payload, headers);
    },
  }));
  return {
    ...strict,
    drain() {
      drained = true;
      return good.drain();
    },
  };
}

export const requestMutants: Mutants<Bus> = {
  'answers a request with payload and headers': (good) =>
    receiving(good, (message) => ({ respond: (payload) => message.respond(payload) })),
  'gives each request under way its own answer, whatever their order': answersInTurn,
  'takes the first answer of several': lastAnswerOnly,
  'sends an answer to the reply subject of the publisher, and nowhere without one': (good) => ({
    ...bound(good),
    publish: (subject, payload, options) =>
      good.publish(subject, payload, options?.headers === undefined ? {} : { headers: options.headers }),
  }),
  'keeps its own notices from subscribers: a reply subject hears answers only': reportsSilence,
  'fails a request at once with E_BUS_NO_RESPONDERS when nobody listens': (good) => hangingOn(good, 'E_BUS_NO_RESPONDERS'),
  'fails a request that nobody answers with E_BUS_TIMEOUT, not before its time': (good) => ({
    ...bound(good),
    request: (subject, payload, options) => good.request(subject, payload, { ...options, timeoutMs: options.timeoutMs / 4 }),
  }),
  'drops an answer that comes too late': oneInbox,
  'fails requests under way with E_BUS_CLOSED when it closes': (good) => hangingOn(good, 'E_BUS_CLOSED'),
  'ignores an answer given after the end': answersThrowAtTheEnd,
};
