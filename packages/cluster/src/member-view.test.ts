import { describe, expect, it } from 'vitest';
import type { MemberRecord } from './member-record.ts';
import { createMemberView } from './member-view.ts';

const record = (changed: Partial<MemberRecord>): MemberRecord => ({
  ...{ id: 'b', session: 'old', role: 'host', state: 'up', weight: 1, build: 'test', startedAtMs: 0, info: {} },
  ...changed,
});

describe('a session, as another member sees it', () => {
  it('has ended when its record says so, or when its name has passed to another one', () => {
    const view = createMemberView({ now: () => 0 });
    view.put(record({}), 8);
    expect(view.hasEnded('b', 'old', 5)).toBe(false);
    view.put(record({ state: 'dead' }), 9);
    expect(view.hasEnded('b', 'old', 5)).toBe(true);
    view.put(record({ session: 'new' }), 10);
    expect(view.hasEnded('b', 'old', 5)).toBe(true);
    expect(view.hasEnded('b', 'new', 10)).toBe(false);
  });

  it('has not ended because news of its beginning are on their way', () => {
    const view = createMemberView({ now: () => 0 });
    view.put(record({ state: 'dead' }), 8);
    expect(view.hasEnded('b', 'new', 10)).toBe(false);
  });

  it('has not ended because nobody has told of it, until it was looked for', () => {
    let nowMs = 0;
    const view = createMemberView({ now: () => nowMs });
    expect(view.hasEnded('b', 'new', 10)).toBe(false);
    nowMs = 60_000;
    expect(view.hasEnded('b', 'new', 10)).toBe(false);
    expect(view.missing(7_000)).toEqual(['b']);
    view.confirmMissing('b');
    expect(view.hasEnded('b', 'new', 10)).toBe(true);
    view.put(record({ session: 'new' }), 11);
    expect(view.hasEnded('b', 'new', 10)).toBe(false);
  });

  it('is not news when it is told twice, or late', () => {
    const view = createMemberView({ now: () => 0 });
    expect([view.put(record({}), 8), view.put(record({}), 8), view.put(record({ state: 'dead' }), 7)]).toEqual([
      true,
      false,
      false,
    ]);
    expect(view.put(record({}), 9)).toBe(false);
    expect(view.members.get('b')).toMatchObject({ state: 'up', revision: 9 });
  });

  it('is heard of only from what can be read, under its own name', () => {
    const view = createMemberView({ now: () => 0 });
    const change = (key: string, text: string) => view.apply({ key, value: Buffer.from(text), revision: 1 });
    for (const text of [
      '',
      'x',
      '[]',
      '{}',
      JSON.stringify(record({ id: 'c' })),
      JSON.stringify({ ...record({}), weight: 'x' }),
    ]) {
      expect(change('m.b', text)).toBe(false);
    }
    expect(view.members.size).toBe(0);
    expect(change('m.b', JSON.stringify(record({})))).toBe(true);
  });
});
