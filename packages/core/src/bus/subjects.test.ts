import { describe, expect, it } from 'vitest';
import { lineKey, slotOf } from '../line-key.ts';
import { createManualAmbient } from '../testkit/manual-ambient.ts';
import { createMemoryBus } from './memory-bus.ts';
import { readPattern, readSubject } from './rules.ts';
import { createSubjects, readLineSubject } from './subjects.ts';

const subjects = createSubjects('main');
const key = lineKey('desk-1');
const slot = slotOf(key);

describe('subjects', () => {
  it('are those of the design', () => {
    expect(subjects.line(key, 'sip')).toBe(`offhook.main.line.${slot}.${key}.sip`);
    expect(subjects.slot(slot)).toBe(`offhook.main.line.${slot}.>`);
    expect(subjects.fact(key, 'decision')).toBe(`offhook.main.fact.${slot}.${key}.decision`);
    expect(subjects.facts('decision')).toBe('offhook.main.fact.*.*.decision');
    expect(subjects.facts()).toBe('offhook.main.fact.*.*.*');
    expect(subjects.edge('a', 'send')).toBe('offhook.main.edge.a.send');
    expect([subjects.directory, subjects.control]).toEqual(['offhook.main.directory', 'offhook.main.control']);
  });

  it('can be published and subscribed', () => {
    for (const literal of [
      subjects.line(key, 'cmd'),
      subjects.fact(key, 'call'),
      subjects.edge('a', 'open'),
      subjects.directory,
    ]) {
      expect(readSubject(literal).length).toBeGreaterThan(2);
    }
    for (const pattern of [subjects.slot(slot), subjects.facts(), subjects.facts('state')])
      expect(() => readPattern(pattern)).not.toThrow();
  });

  it('bring a line’s messages to the host of its slot and its facts to whoever watches facts, nobody else', async () => {
    const ambient = createManualAmbient();
    const bus = createMemoryBus({ ambient });
    const seen: string[] = [];
    const note = (who: string) => () => seen.push(who);
    bus.subscribe(subjects.slot(slot), note('host'));
    bus.subscribe(subjects.slot((slot + 1) % 1_024), note('other host'));
    bus.subscribe(subjects.facts('decision'), note('explain'));
    bus.subscribe(createSubjects('lab').facts(), note('other cluster'));
    bus.publish(subjects.line(key, 'sip'), new Uint8Array());
    bus.publish(subjects.fact(key, 'decision'), new Uint8Array());
    bus.publish(subjects.fact(key, 'state'), new Uint8Array());
    await ambient.settle();
    expect(seen).toEqual(['host', 'explain']);
  });

  it.each(['', 'a.b', 'a b', '*', '>', 'ä', 'a\n'])('refuse %j as the name of a cluster or an edge', (name) => {
    const refused = expect.objectContaining({ code: 'E_BUS_SUBJECT' });
    expect(() => createSubjects(name)).toThrow(refused);
    expect(() => subjects.edge(name, 'open')).toThrow(refused);
  });
});

describe('readLineSubject', () => {
  it('reads key and kind of what line() and fact() made', () => {
    expect(readLineSubject(subjects.line(key, 'flow'))).toEqual({ key, kind: 'flow' });
    expect(readLineSubject(subjects.fact(key, 'call'))).toEqual({ key, kind: 'call' });
  });

  it.each([
    ...[subjects.control, subjects.slot(slot), subjects.edge('a', 'send'), 'a.b.c.d.e.f', 'offhook.main.other.1.key.sip', ''],
    ...['offhook.main.xline.1.key.sip', 'offhook.main.line.x.key.sip', 'offhook.a.b.line.1.key.sip', 'offhook..line.1.key.sip'],
    ...['offhook.main.line.1..sip', 'offhook.main.line.1.key.', 'offhook.line.1.key.sip'],
  ])('finds none in %j', (subject) => expect(readLineSubject(subject)).toBeUndefined());
});
