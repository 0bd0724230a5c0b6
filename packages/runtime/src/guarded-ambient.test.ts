import { type Ambient, silentLog } from '@offhook/core';
import { describe, expect, test } from 'vitest';
import { guardAmbient } from './guarded-ambient.ts';

const fault = new Error('from a task');
const raise = (): never => {
  throw fault;
};

/** Keeps what it is given to run. */
function createHeld() {
  const tasks: (() => void)[] = [];
  const keep = (task: () => void): void => void tasks.push(task);
  const ambient: Ambient = {
    now: () => 7,
    setTimer: (fire, delayMs) => ({ dueMs: tasks.push(fire) * 0 + 7 + delayMs }),
    clearTimer() {},
    defer: keep,
    random: () => 0.5,
    log: silentLog,
  };
  return { ambient, tasks };
}

describe('the ambient of one line', () => {
  test('hands on what a timer or a deferred task throws', () => {
    const { ambient, tasks } = createHeld();
    const errors: unknown[] = [];
    const guarded = guardAmbient(ambient, (error) => errors.push(error));
    guarded.setTimer(raise, 10);
    guarded.defer(raise);
    for (const task of tasks) expect(task).not.toThrow();
    expect(errors).toEqual([fault, fault]);
  });

  test('is otherwise the ambient it stands on', () => {
    const { ambient } = createHeld();
    const guarded = guardAmbient(ambient, raise);
    expect([guarded.now(), guarded.random(), guarded.setTimer(() => {}, 3).dueMs]).toEqual([7, 0.5, 10]);
    expect(guarded.log).toBe(ambient.log);
  });
});
