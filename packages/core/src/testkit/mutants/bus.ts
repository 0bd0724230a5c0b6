import type { Bus, BusHandler, BusHeaders, Subscription } from '../../contracts/bus.ts';
import { BusError } from '../../errors.ts';
import { codeOf, encode } from '../bus-subject.ts';
import type { Mutants } from '../kit.ts';
import { requestMutants } from './bus-requests.ts';
import { bound, receiving, soon } from './bus-wrap.ts';

/** Changes what subscriptions can do. */
const subscribed = (good: Bus, change: (subscription: Subscription) => Partial<Subscription>): Bus => ({
  ...bound(good),
  subscribe(subject, handler, options) {
    const subscription = good.subscribe(subject, handler, options);
    return { unsubscribe: () => subscription.unsubscribe(), drain: () => subscription.drain(), ...change(subscription) };
  },
});

/** Adds a second pattern to a subscription. */
const alsoMatching = (good: Bus, second: (subject: string) => string): Bus => ({
  ...bound(good),
  subscribe(subject, handler, options) {
    const extra = second(subject);
    if (extra !== subject) good.subscribe(extra, handler, options);
    return good.subscribe(subject, handler, options);
  },
});

const forgiving = (good: Bus, code: string): Bus => ({
  ...bound(good),
  publish(subject, payload, options) {
    try {
      good.publish(subject, payload, options);
    } catch (error) {
      if (codeOf(error) !== code) throw error;
    }
  },
});

const closed = (): BusError => new BusError('E_BUS_CLOSED', 'closed');
const nothing: Subscription = { unsubscribe() {}, drain: () => Promise.resolve() };

function inTheStack(good: Bus): Bus {
  const handlers = new Map<string, BusHandler>();
  return {
    ...bound(good),
    publish(subject, payload, options) {
      good.publish(subject, payload, options);
      if (options === undefined) handlers.get(subject)?.({ subject, payload, headers: {}, respond() {} });
    },
    subscribe(subject, handler, options) {
      if (options !== undefined) return good.subscribe(subject, handler, options);
      let early = 0;
      handlers.set(subject, (message) => {
        early++;
        handler(message);
      });
      return good.subscribe(subject, (message) => (early > 0 ? early-- : handler(message)));
    },
  };
}

function settlesReceiversLate(good: Bus): Bus {
  const quiet = forgiving(forgiving(good, 'E_BUS_SUBJECT'), 'E_BUS_PAYLOAD');
  return { ...bound(good), publish: (...message) => soon(() => quiet.publish(...message)) };
}

function inPairsReversed(good: Bus): Bus {
  let held: (() => void) | undefined;
  return {
    ...bound(good),
    publish(subject, payload, options) {
      const earlier = held;
      held = earlier === undefined ? () => good.publish(subject, payload, options) : undefined;
      if (earlier === undefined) return;
      good.publish(subject, payload, options);
      earlier();
    },
  };
}

function oncePerKey(good: Bus, key: (subject: string, queue: string | undefined) => string | undefined): Bus {
  const known = new Set<string>();
  return {
    ...bound(good),
    subscribe(subject, handler, options) {
      const name = key(subject, options?.queue);
      if (name === undefined) return good.subscribe(subject, handler, options);
      if (known.has(name)) return nothing;
      known.add(name);
      return good.subscribe(subject, handler, options);
    },
  };
}

/** Renames the queue group of each subscription; undefined: no group at all. */
const regrouped = (good: Bus, group: (queue: string, subject: string) => string | undefined): Bus => ({
  ...bound(good),
  subscribe(subject, handler, options) {
    const queue = options?.queue === undefined ? undefined : group(options.queue, subject);
    return good.subscribe(subject, handler, queue === undefined ? {} : { queue });
  },
});

const dropsWhoThrows = (good: Bus): Bus => ({
  ...bound(good),
  subscribe(subject, handler, options) {
    const subscription = good.subscribe(
      subject,
      (message) => {
        try {
          handler(message);
        } catch {
          subscription.unsubscribe();
        }
      },
      options,
    );
    return subscription;
  },
});

function complainsOfSilence(good: Bus): Bus {
  let heard = false;
  return {
    ...bound(good),
    publish(subject, payload, options) {
      if (!heard) throw new BusError('E_BUS_NO_RESPONDERS', 'nobody listens');
      good.publish(subject, payload, options);
    },
    subscribe(subject, handler, options) {
      heard = true;
      return good.subscribe(subject, handler, options);
    },
  };
}

const onOneLine = (headers: BusHeaders): BusHeaders =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.replace(/[ :]/g, '') || 'x', value.replace(/\s+/g, ' ').trim()]),
  );

function throwsTheQueueAway(good: Bus): Bus {
  let draining = false;
  return {
    ...bound(good),
    subscribe: (subject, handler, options) =>
      good.subscribe(subject, (message) => (draining ? undefined : handler(message)), options),
    drain() {
      draining = true;
      return good.drain();
    },
  };
}

function drainsOnce(good: Bus): Bus {
  let drained = false;
  return {
    ...bound(good),
    drain() {
      if (drained) return Promise.reject(closed());
      drained = true;
      return good.drain();
    },
  };
}

const utf8 = new TextDecoder();

/** Each breaks the rule it is named after. */
export const busMutants: Mutants<Bus> = {
  'delivers after publish has returned, never inside its stack': inTheStack,
  'delivers the published subject and bytes unchanged': (good) =>
    receiving(good, ({ payload }) => ({ payload: encode(utf8.decode(payload)) })),
  'delivers headers unchanged, and none as an empty record': (good) =>
    receiving(good, ({ headers }) => ({
      headers: Object.fromEntries(Object.entries(headers).map(([k, v]) => [k.toLowerCase(), v])),
    })),
  'delivers one publisher’s messages in their order, over all subjects of a wildcard': inPairsReversed,
  'matches exactly one token with *': (good) => alsoMatching(good, (subject) => subject.replace('*', '*.*')),
  'matches one or more last tokens with >': (good) => alsoMatching(good, (subject) => subject.replace(/\.>$/, '')),
  'takes * and > inside a token for letters': (good) => alsoMatching(good, (subject) => subject.replace(/[^.]+([*>])$/, '$1')),
  'reaches every subject that somebody subscribes to, wildcards included': (good) => ({
    ...bound(good),
    reaches: (subject) => good.reaches(subject) && subject === 'a.b',
  }),
  'delivers once to each matching subscription': (good) => oncePerKey(good, (subject) => subject),
  'publishes without a subscriber and without an error': complainsOfSilence,
  'delivers nothing to a subscription made after the publish': settlesReceiversLate,
  'gives a message to exactly one member of a queue group': (good) => regrouped(good, () => undefined),
  'gives each queue group and each plain subscription its own delivery': (good) => regrouped(good, () => 'all'),
  'shares the messages of a queue group among its members': (good) => oncePerKey(good, (_, queue) => queue),
  'joins queue groups of one name over different patterns': (good) =>
    regrouped(good, (queue, subject) => `${queue}.of.${subject}`),
  'keeps the subscription of a handler that throws, and its neighbours': dropsWhoThrows,
  'refuses malformed subjects with E_BUS_SUBJECT': (good) => forgiving(good, 'E_BUS_SUBJECT'),
  'refuses to publish to a wildcard with E_BUS_SUBJECT': (good) => ({
    ...bound(good),
    publish: (subject, payload, options) => good.publish(subject.replace(/[*>]/g, 'x'), payload, options),
  }),
  'carries 1 MiB, headers included, and refuses a byte more with E_BUS_PAYLOAD': (good) => forgiving(good, 'E_BUS_PAYLOAD'),
  'refuses headers that would not arrive unchanged with E_BUS_PAYLOAD': (good) => ({
    ...bound(good),
    publish: (subject, payload, { headers, ...rest } = {}) =>
      good.publish(subject, payload, headers === undefined ? rest : { ...rest, headers: onOneLine(headers) }),
  }),
  'delivers nothing after unsubscribe has returned, not even what was under way': (good) =>
    subscribed(good, (subscription) => ({ unsubscribe: () => void subscription.drain() })),
  'unsubscribes from inside the handler': (good) =>
    subscribed(good, (subscription) => ({ unsubscribe: () => soon(() => subscription.unsubscribe()) })),
  'unsubscribes and drains again without harm': (good) => {
    const ended = new Set<Subscription>();
    return subscribed(good, (subscription) => ({
      unsubscribe() {
        if (ended.has(subscription)) throw closed();
        ended.add(subscription);
        subscription.unsubscribe();
      },
    }));
  },
  'ends a subscription after max deliveries': (good) => ({
    ...bound(good),
    subscribe: (subject, handler, { max, ...rest } = {}) =>
      good.subscribe(subject, handler, max === undefined ? rest : { ...rest, max: max + 1 }),
  }),
  'drains a subscription: what is queued is delivered, nothing after': (good) =>
    subscribed(good, (subscription) => ({ drain: () => Promise.resolve(subscription.unsubscribe()) })),
  'flushes: what was published before has been handed over': (good) => ({ ...bound(good), flush: () => Promise.resolve() }),
  'drains: what is queued is delivered, then it is closed to everything': throwsTheQueueAway,
  'drains and flushes again without harm': drainsOnce,
  ...requestMutants,
};
