import type { KeyValue, KeyValueChange, KeyValues } from '../../contracts/key-value.ts';
import { KeyValueError } from '../../errors.ts';
import { codeOf, encode } from '../bus-subject.ts';
import type { Mutants } from '../kit.ts';

/** Changes what the buckets of a client do. */
const buckets = (good: KeyValues, change: (bucket: KeyValue) => Partial<KeyValue>): KeyValues => ({
  async bucket(name) {
    const bucket = await good.bucket(name);
    return {
      get: (key) => bucket.get(key),
      entries: (pattern) => bucket.entries(pattern),
      put: (key, value, revision) => bucket.put(key, value, revision),
      delete: (key, revision) => bucket.delete(key, revision),
      watch: (pattern, handler, onReady) => bucket.watch(pattern, handler, onReady),
      ...change(bucket),
    };
  },
});

type Handler = (change: KeyValueChange) => void;

/** Changes what watchers are told. */
const telling = (good: KeyValues, change: (handler: Handler) => Handler): KeyValues =>
  buckets(good, (bucket) => ({ watch: (pattern, handler, onReady) => bucket.watch(pattern, change(handler), onReady) }));

/** Answers questions that fail with a code. */
const forgiving = (good: KeyValues, code: string): KeyValues =>
  buckets(good, (bucket) => {
    const unless =
      <T>(answer: T) =>
      (error: unknown): T => {
        if (codeOf(error) === code) return answer;
        throw error;
      };
    return {
      get: (key) => bucket.get(key).catch(unless(undefined)),
      entries: (pattern) => bucket.entries(pattern).catch(unless([])),
      put: (key, value, revision) => bucket.put(key, value, revision).catch(unless(1)),
      delete: (key, revision) => bucket.delete(key, revision).catch(unless(undefined)),
    };
  });

function inPairsReversed(handler: Handler): Handler {
  let held: KeyValueChange | undefined;
  return (change) => {
    handler(change);
    if (held !== undefined) handler(held);
    held = change;
  };
}

/** Sees each change that follows the one before; others it holds for told already. */
const withoutGaps =
  (isDropped: (change: KeyValueChange) => boolean) =>
  (handler: Handler): Handler => {
    let last: number | undefined;
    return (change) => {
      const isGap = last !== undefined && change.revision > last + 1;
      last = change.revision;
      if (!(isGap && isDropped(change))) handler(change);
    };
  };

const endsWithTheFirstThrow = (good: KeyValues): KeyValues =>
  buckets(good, (bucket) => ({
    watch(pattern, handler, onReady) {
      let isBroken = false;
      return bucket.watch(
        pattern,
        (change) => {
          if (isBroken) return;
          isBroken = true;
          handler(change);
          isBroken = false;
        },
        onReady,
      );
    },
  }));

let opened = 0;

/** Each breaks the rule it is named after. */
export const keyValueMutants: Mutants<KeyValues> = {
  'knows nothing of a key that was never written': (good) =>
    buckets(good, (bucket) => ({
      get: async (key) => (await bucket.get(key)) ?? { key, value: new Uint8Array(), revision: 0 },
    })),
  'gives back what was written last, byte for byte, with the revision of that write': (good) =>
    buckets(good, (bucket) => ({
      put: (key, value, revision) => bucket.put(key, encode(new TextDecoder().decode(value)), revision),
    })),
  'raises the revision with every write to the bucket, whoever makes it': (good) =>
    buckets(good, (bucket) => {
      const written = new Map<string, number>();
      return {
        async put(key, value, revision) {
          const actual = await bucket.put(key, value, revision);
          const before = written.get(key);
          written.set(key, actual);
          return before === undefined ? 1 : actual;
        },
      };
    }),
  'keeps its own copy of what it was given': (good) =>
    buckets(good, (bucket) => ({
      async put(key, value, revision) {
        await Promise.resolve();
        return bucket.put(key, value, revision);
      },
    })),
  'writes with revision 0 only where no such key is': (good) =>
    buckets(good, (bucket) => ({ put: (key, value, revision) => bucket.put(key, value, revision || undefined) })),
  'writes with revision 0 where a key was deleted': (good) =>
    buckets(good, (bucket) => {
      const deleted = new Set<string>();
      return {
        delete(key, revision) {
          deleted.add(key);
          return bucket.delete(key, revision);
        },
        async put(key, value, revision) {
          if (revision === 0 && deleted.has(key)) throw new KeyValueError('E_KV_CONFLICT', 'was there');
          return bucket.put(key, value, revision);
        },
      };
    }),
  'writes with a revision only where that is the latest write': (good) =>
    buckets(good, (bucket) => ({
      put: (key, value, revision) => bucket.put(key, value, revision === 0 ? 0 : undefined),
    })),
  'lets one of several writers of a revision win, and tells the others': (good) => forgiving(good, 'E_KV_CONFLICT'),
  'writes without a revision in any case': (good) =>
    buckets(good, (bucket) => ({ put: (key, value, revision) => bucket.put(key, value, revision ?? 0) })),
  'deletes a key: it is neither read nor listed': (good) =>
    buckets(good, (bucket) => ({
      delete: async (key, revision) => void (await bucket.put(key, new Uint8Array(), revision)),
    })),
  'deletes with a revision only where that is the latest write': (good) =>
    buckets(good, (bucket) => ({ delete: (key) => bucket.delete(key) })),
  'lists exactly the keys that match a pattern, with value and revision': (good) =>
    buckets(good, (bucket) => ({ entries: (pattern) => bucket.entries(pattern.replace('*', '>')) })),
  'keeps buckets apart': (good) => ({ bucket: () => good.bucket('one') }),
  'opens a bucket with what is in it, whoever made it': (good) => ({ bucket: (name) => good.bucket(`${name}-${++opened}`) }),
  'refuses malformed keys and patterns with E_BUS_SUBJECT': (good) => forgiving(good, 'E_BUS_SUBJECT'),
  'tells a watcher each matching key as it is, then that it is ready': (good) =>
    buckets(good, (bucket) => ({
      watch(pattern, handler, onReady) {
        onReady?.();
        return bucket.watch(pattern, handler);
      },
    })),
  'tells a watcher at once that it is ready where nothing matches': (good) =>
    buckets(good, (bucket) => ({
      watch(pattern, handler, onReady) {
        let isReady = false;
        let hasChange = false;
        const ready = (): void => {
          if (isReady && hasChange) onReady?.();
        };
        return bucket.watch(
          pattern,
          (change) => {
            handler(change);
            if (hasChange) return;
            hasChange = true;
            ready();
          },
          () => {
            isReady = true;
            ready();
          },
        );
      },
    })),
  'tells a new watcher nothing of keys that were deleted before': (good) =>
    buckets(good, (bucket) => {
      const deleted = new Set<string>();
      return {
        delete(key, revision) {
          deleted.add(key);
          return bucket.delete(key, revision);
        },
        watch(pattern, handler, onReady) {
          for (const key of deleted) handler({ key, value: undefined, revision: 0 });
          return bucket.watch(pattern, handler, onReady);
        },
      };
    }),
  'tells a watcher each later change in order, whoever makes it': (good) => telling(good, inPairsReversed),
  'tells a watcher of a deletion, without a value': (good) =>
    telling(good, (handler) => (change) => handler({ ...change, value: change.value ?? new Uint8Array() })),
  'tells nothing after unsubscribe has returned': (good) =>
    buckets(good, (bucket) => ({
      watch(...watch) {
        bucket.watch(...watch);
        return { unsubscribe() {}, drain: async () => {} };
      },
    })),
  'keeps a watch whose handler throws': endsWithTheFirstThrow,
  'fails with E_KV_UNAVAILABLE while the connection is lost, writes nothing later, and works again': (good) =>
    forgiving(good, 'E_KV_UNAVAILABLE'),
  'tells a watcher whose connection was lost the latest write of each key, in order': (good) =>
    telling(
      good,
      withoutGaps(({ value }) => value !== undefined),
    ),
  'tells a watcher whose connection was lost of a deletion meanwhile': (good) =>
    telling(good, (handler) => {
      const told = new Set<string>();
      return (change) => {
        if (change.value === undefined && told.has(change.key)) return;
        told.add(change.key);
        handler(change);
      };
    }),
  'is ready, later, with a watch that was asked for while the connection was lost': (good) =>
    buckets(good, (bucket) => ({
      watch(pattern, handler, onReady) {
        let wasReady = false;
        const watch = bucket.watch(pattern, handler, () => {
          wasReady = true;
          onReady?.();
        });
        void bucket.entries(pattern).catch(() => wasReady || watch.unsubscribe());
        return watch;
      },
    })),
};
