import { describe, expect, it } from 'vitest';
import { createFakeAmbient, type FakeAmbient } from '../../test/support/fake-ambient.ts';
import { Execution } from './execution.ts';
import { arm, disarm, end, type Machine, type TimerEffect, type TimerName } from './step.ts';
import { defaultSipTimers, timingOf } from './timing.ts';

type Say = { readonly type: 'say'; readonly word: string };
type Effect = Say | TimerEffect<TimerName>;
const say = (word: string): Say => ({ type: 'say', word });

/** Carries out whatever effects it is given as a stimulus; says what it hears. */
class Script extends Execution<number, readonly Effect[], Say> {
  readonly heard: string[] = [];
  on: (word: string) => void = () => {};

  constructor(ambient: FakeAmbient, first: readonly Effect[]) {
    const machine: Machine<number, readonly Effect[], Effect> = {
      begin: () => ({ state: 0, effects: first }),
      next: (_timing, state, effects) => ({ state: state + 1, effects }),
    };
    super(ambient, machine, timingOf(defaultSipTimers, false));
  }
  get count(): number {
    return this.state;
  }
  protected perform({ word }: Say): void {
    this.heard.push(word);
    this.on(word);
  }
  protected fired(timer: TimerName): readonly Effect[] {
    return [say(`timer ${timer}`)];
  }
  protected ended(): void {
    this.heard.push('ended');
  }
}

describe('the execution of a machine', () => {
  it('carries out nothing before it is started, then its effects in order', () => {
    const script = new Script(createFakeAmbient(), [say('one'), say('two')]);
    expect(script.heard).toEqual([]);
    script.start();
    expect(script.heard).toEqual(['one', 'two']);
  });

  it('finishes a step before it takes up a stimulus that came from within', () => {
    const script = new Script(createFakeAmbient(), []);
    script.on = (word) => {
      if (word === 'one') script.step([say('inner')]);
    };
    script.step([say('one'), say('two')]);
    expect(script.heard).toEqual(['one', 'two', 'inner']);
    expect(script.count).toBe(2);
  });

  it('turns a timer that fires into a stimulus; one that is disarmed or armed anew fires no more', () => {
    const ambient = createFakeAmbient();
    const script = new Script(ambient, [arm('A', 10), arm('B', 20), arm('F', 30), arm('A', 15), disarm('B')]);
    script.start();
    ambient.runToRest();
    expect(script.heard).toEqual(['timer A', 'timer F']);
    expect(ambient.now()).toBe(30);
  });

  it('stops every timer at the end, says so once, and hears nothing afterwards', () => {
    const ambient = createFakeAmbient();
    const script = new Script(ambient, [arm('A', 10), arm('B', 20), end, say('last words')]);
    script.start();
    script.step([say('too late')]);
    expect(ambient.pending).toBe(0);
    expect(script.heard).toEqual(['ended', 'last words']);
  });

  it('arms nothing more when it is stopped in the middle of a step', () => {
    const ambient = createFakeAmbient();
    const script = new Script(ambient, [say('one'), arm('A', 10)]);
    script.on = () => script.stop();
    script.start();
    expect(ambient.pending).toBe(0);
    expect(script.heard).toEqual(['one']);
  });

  it('can go on when what it calls throws', () => {
    const script = new Script(createFakeAmbient(), []);
    script.on = (word) => {
      if (word === 'bad') throw new Error('a bug above');
    };
    expect(() => script.step([say('bad'), say('lost')])).toThrow('a bug above');
    script.step([say('good')]);
    expect(script.heard).toEqual(['bad', 'good']);
  });
});
