import { type Ambient, silentLog, type Timer } from '@offhook/core';

/** Time that moves only when told to, deadline by deadline; randomness from a seed. */
export interface FakeAmbient extends Ambient {
  /** Timers not yet fired or cleared. */
  readonly pending: number;
  /** Fires everything due up to `untilMs`, then stands there. */
  run(untilMs: number): void;
  /** Fires until nothing is left. */
  runToRest(): void;
}

interface Entry extends Timer {
  readonly order: number;
  fire: (() => void) | undefined;
}

export function createFakeAmbient(seed = 1): FakeAmbient {
  const heap = createHeap();
  const tasks: (() => void)[] = [];
  const random = mulberry32(seed);
  let nowMs = 0;
  let order = 0;
  let pending = 0;

  const drain = () => {
    for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) task();
  };
  const run = (untilMs: number) => {
    drain();
    for (let entry = heap.peek(); entry !== undefined && entry.dueMs <= untilMs; entry = heap.peek()) {
      heap.pop();
      if (entry.fire === undefined) continue;
      const { fire } = entry;
      entry.fire = undefined;
      pending -= 1;
      nowMs = entry.dueMs;
      fire();
      drain();
    }
  };

  return {
    now: () => nowMs,
    setTimer(fire, delayMs) {
      const entry: Entry = { dueMs: nowMs + delayMs, order: order++, fire };
      pending += 1;
      heap.push(entry);
      return entry;
    },
    clearTimer(timer) {
      const entry = timer as Entry | undefined;
      if (entry?.fire === undefined) return;
      entry.fire = undefined;
      pending -= 1;
    },
    defer: (task) => void tasks.push(task),
    random,
    log: silentLog,
    get pending() {
      return pending;
    },
    run(untilMs) {
      run(untilMs);
      nowMs = Math.max(nowMs, untilMs);
    },
    runToRest: () => run(Number.POSITIVE_INFINITY),
  };
}

/** Binary heap by due time, then by age. */
function createHeap() {
  const entries: Entry[] = [];
  const before = (a: number, b: number) => {
    const [x, y] = [entries[a], entries[b]];
    return x !== undefined && y !== undefined && (x.dueMs < y.dueMs || (x.dueMs === y.dueMs && x.order < y.order));
  };
  const swap = (a: number, b: number) => {
    const [x, y] = [entries[a], entries[b]];
    if (x === undefined || y === undefined) return;
    entries[a] = y;
    entries[b] = x;
  };
  return {
    peek: () => entries[0],
    push(entry: Entry) {
      entries.push(entry);
      for (let child = entries.length - 1; child > 0; ) {
        const parent = (child - 1) >> 1;
        if (!before(child, parent)) return;
        swap(child, parent);
        child = parent;
      }
    },
    pop() {
      swap(0, entries.length - 1);
      entries.pop();
      for (let parent = 0; ; ) {
        const [left, right] = [2 * parent + 1, 2 * parent + 2];
        const child = before(right, left) ? right : left;
        if (!before(child, parent)) return;
        swap(child, parent);
        parent = child;
      }
    },
  };
}

function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
