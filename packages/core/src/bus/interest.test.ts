import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Interested, InterestIndex } from './interest.ts';

interface Entry extends Interested {
  readonly id: number;
}

/** The rules of NATS, word for word: the model the index is held against. */
function matches(pattern: string, subject: string): boolean {
  const wanted = pattern.split('.');
  const given = subject.split('.');
  const tail = wanted.at(-1) === '>';
  if (tail ? given.length < wanted.length : given.length !== wanted.length) return false;
  return wanted.every((token, i) => token === '*' || (tail && i === wanted.length - 1) || token === given[i]);
}

const letter = fc.constantFrom('a', 'b', 'c*', '>d');
const subject = fc.array(letter, { minLength: 1, maxLength: 4 }).map((tokens) => tokens.join('.'));
const pattern = fc
  .tuple(fc.array(fc.oneof(letter, fc.constant('*')), { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([tokens, tail]) => (tail ? [...tokens, '>'] : tokens).join('.'));
const queue = fc.constantFrom(undefined, undefined, 'q', 'r');
const step = fc.oneof(
  fc.record({ do: fc.constant('add' as const), pattern: fc.oneof(pattern, subject), queue }),
  fc.record({ do: fc.constant('remove' as const), which: fc.nat(30) }),
  fc.record({ do: fc.constant('route' as const), subject }),
);

describe('InterestIndex', () => {
  it('routes as the rules of NATS say, whatever was subscribed, removed and asked before', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const index = new InterestIndex<Entry>();
        const entries: Entry[] = [];
        let id = 0;
        for (const one of steps) {
          if (one.do === 'add') {
            const entry = { id: id++, pattern: one.pattern, queue: one.queue };
            entries.push(entry);
            index.add(entry);
          } else if (one.do === 'remove') {
            const [entry] = entries.splice(one.which % Math.max(1, entries.length), 1);
            if (entry !== undefined) index.remove(entry);
          } else {
            const expected = entries.filter((entry) => matches(entry.pattern, one.subject));
            const { plain, groups } = index.route(one.subject);
            const ids = (list: readonly Entry[]) => list.map((entry) => entry.id).sort((a, b) => a - b);
            expect(ids(plain)).toEqual(ids(expected.filter((entry) => entry.queue === undefined)));
            const queues = [...new Set(expected.flatMap((entry) => entry.queue ?? []))].sort();
            expect(groups.map((group) => group[0]?.queue).sort()).toEqual(queues);
            for (const group of groups)
              expect(ids(group)).toEqual(ids(expected.filter((entry) => entry.queue === group[0]?.queue)));
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('has one route for all subjects of a pattern, and remembers none of them', () => {
    const index = new InterestIndex<Entry>();
    index.add({ id: 1, pattern: 's.*', queue: undefined });
    const route = index.route('s.a');
    for (const letter of 'bcd') expect(index.route(`s.${letter}`)).toBe(route);
    index.add({ id: 2, pattern: 's.a', queue: undefined });
    expect(index.route('s.a').plain.map(({ id }) => id)).toEqual([1, 2]);
    expect(index.route('s.b')).toBe(route);
  });

  it('leaves a route that is being served as it was', () => {
    const index = new InterestIndex<Entry>();
    const entry = { id: 1, pattern: 's.a', queue: undefined };
    index.add(entry);
    const route = index.route('s.a');
    index.remove(entry);
    expect(route.plain).toEqual([entry]);
    expect(index.route('s.a').plain).toEqual([]);
  });

  it('removes an unknown entry without harm', () => {
    const index = new InterestIndex<Entry>();
    for (const unknown of ['a', 'a.*', 'a.b.>']) index.remove({ id: 1, pattern: unknown, queue: undefined });
    expect(index.route('a')).toEqual({ plain: [], groups: [] });
  });
});
