import type { Timer } from '@offhook/core';

/** A timer of a virtual world. `fire` is undefined once it fired or was cleared. */
export interface VirtualTimer extends Timer {
  readonly sequence: number;
  fire: (() => void) | undefined;
}

const earlier = (a: VirtualTimer, b: VirtualTimer): boolean =>
  a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.sequence < b.sequence);

/** Exact order by (due, sequence). Cleared timers stay until they surface or until half of the heap is dead. */
export interface TimerHeap {
  /** Timers that will still fire. */
  readonly size: number;
  add(timer: VirtualTimer): void;
  /** Ignores a timer that fired or was cleared. */
  clear(timer: VirtualTimer): void;
  /** The next timer to fire, left in place. */
  peek(): VirtualTimer | undefined;
  /** Removes and returns the next timer to fire. */
  take(): VirtualTimer | undefined;
  /** Live timers, in no order. */
  live(): readonly VirtualTimer[];
}

export function createTimerHeap(): TimerHeap {
  let heap: VirtualTimer[] = [];
  let live = 0;

  const at = (index: number): VirtualTimer => heap[index] as VirtualTimer;

  function rise(index: number): void {
    const timer = at(index);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!earlier(timer, at(parent))) break;
      heap[index] = at(parent);
      index = parent;
    }
    heap[index] = timer;
  }

  function sink(index: number): void {
    const timer = at(index);
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && earlier(at(child + 1), at(child))) child++;
      if (!earlier(at(child), timer)) break;
      heap[index] = at(child);
      index = child;
    }
    heap[index] = timer;
  }

  function removeTop(): void {
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    heap[0] = last;
    sink(0);
  }

  function compact(): void {
    heap = heap.filter((timer) => timer.fire !== undefined);
    for (let index = (heap.length >> 1) - 1; index >= 0; index--) sink(index);
  }

  function peek(): VirtualTimer | undefined {
    while (heap.length > 0 && at(0).fire === undefined) removeTop();
    return heap[0];
  }

  return {
    get size() {
      return live;
    },
    add(timer) {
      heap.push(timer);
      live++;
      rise(heap.length - 1);
    },
    clear(timer) {
      if (timer.fire === undefined) return;
      timer.fire = undefined;
      live--;
      if (heap.length > 64 && live < heap.length / 2) compact();
    },
    peek,
    take() {
      const timer = peek();
      if (timer === undefined) return undefined;
      removeTop();
      live--;
      return timer;
    },
    live: () => heap.filter((timer) => timer.fire !== undefined),
  };
}
