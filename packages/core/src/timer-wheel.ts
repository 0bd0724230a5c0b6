import type { Timer } from './ambient.ts';

/** The clock a wheel turns by. */
export interface WheelClock {
  /** Milliseconds, monotonic, fractional. */
  now(): number;
  /** Calls `wake` once, `ms` from now or somewhat later. Returns what cancels it. At most one sleep is asked for at a time. */
  sleep(wake: () => void, ms: number): () => void;
  /** Its timers have to give way: work that is under way did not come to its end in the last turn of the event loop. */
  isBusy(): boolean;
  /** A timer's function threw. The others go on. */
  failed(error: unknown): void;
}

interface WheelTimer extends Timer {
  /** Gone once it fired or was cleared. */
  fire: (() => void) | undefined;
  /** The tick at whose end it is due. */
  readonly tick: number;
  previous: WheelTimer | undefined;
  next: WheelTimer | undefined;
}

const tickMs = 5;
/** One rotation takes 20.48 s; a timer beyond it is passed over once per rotation. Power of two. */
const slotCount = 4_096;
const slotMask = slotCount - 1;
/** Timers fired in one turn of the event loop: many that are due at once must not hold up sockets. */
const sliceSize = 256;
/** ms. And they end sooner when they take long. */
const sliceMs = 3;
/**
 * ms, while other work is under way. Timers begin things, messages end them: what is under way goes first. With equal shares a process that
 * is asked for more than it can do begins ever more, answers too late and is asked again: it ends up doing less.
 */
const busySliceMs = 0.25;
/** Infinity becomes a timer of some million years. */
const lastTick = Number.MAX_SAFE_INTEGER - 2 * slotCount;
/** The platform's timers overflow at 2^31 ms. */
const longestSleepMs = 2 ** 30;

/**
 * A hashed timer wheel: arming and clearing cost the same for ten timers as for a hundred thousand. Timers fire in the order they are
 * due, then in the order they were armed; never early, at most one tick (5 ms) late plus what the clock's sleep adds. Between the
 * ticks that have timers it sleeps; an empty wheel asks for no sleep at all.
 */
export class TimerWheel {
  readonly #clock: WheelClock;
  readonly #originMs: number;
  readonly #first = new Array<WheelTimer | undefined>(slotCount).fill(undefined);
  readonly #last = new Array<WheelTimer | undefined>(slotCount).fill(undefined);
  /** One bit per slot that holds a timer. */
  readonly #occupied = new Uint32Array(slotCount / 32);
  #size = 0;
  /** The last tick whose timers have fired. */
  #passed = 0;
  /** Due and not fired yet, in order: more than one turn may fire. */
  #late: WheelTimer[] = [];
  /** The tick the sleep ends at; Infinity while awake or empty. */
  #wakeTick = Number.POSITIVE_INFINITY;
  #cancelSleep: (() => void) | undefined;
  /** Timers are being fired: the next sleep begins afterwards. */
  #turning = false;

  constructor(clock: WheelClock) {
    this.#clock = clock;
    this.#originMs = clock.now();
  }

  /** Timers that have neither fired nor been cleared. */
  get size(): number {
    return this.#size;
  }

  /** Anything but a positive number of ms counts as 0: the next tick. */
  set(fire: () => void, delayMs: number): Timer {
    const nowMs = this.#clock.now();
    const dueMs = delayMs > 0 ? nowMs + delayMs : nowMs;
    // An empty wheel does not turn: its past ticks are empty and need no visit.
    if (this.#size === 0) this.#passed = Math.max(this.#passed, this.#tickAt(nowMs));
    const tick = Math.min(lastTick, Math.max(this.#passed + 1, Math.ceil((dueMs - this.#originMs) / tickMs)));
    const timer: WheelTimer = { dueMs, fire, tick, previous: undefined, next: undefined };
    this.#link(timer);
    if (tick < this.#wakeTick && !this.#turning) this.#sleepUntil(tick, nowMs);
    return timer;
  }

  clear(timer: Timer | undefined): void {
    const known = timer as WheelTimer | undefined;
    if (known?.fire === undefined) return;
    known.fire = undefined;
    this.#unlink(known);
    if (this.#size === 0) this.#stopSleep();
  }

  #tickAt(atMs: number): number {
    return Math.floor((atMs - this.#originMs) / tickMs);
  }

  #link(timer: WheelTimer): void {
    const slot = timer.tick & slotMask;
    const last = this.#last[slot];
    if (last === undefined) {
      this.#first[slot] = timer;
      this.#mark(slot, true);
    } else {
      last.next = timer;
      timer.previous = last;
    }
    this.#last[slot] = timer;
    this.#size++;
  }

  #unlink(timer: WheelTimer): void {
    const slot = timer.tick & slotMask;
    const { previous, next } = timer;
    if (previous === undefined) this.#first[slot] = next;
    else previous.next = next;
    if (next === undefined) this.#last[slot] = previous;
    else next.previous = previous;
    timer.previous = undefined;
    timer.next = undefined;
    if (this.#first[slot] === undefined) this.#mark(slot, false);
    this.#size--;
  }

  #mark(slot: number, occupied: boolean): void {
    const word = slot >> 5;
    const bit = 1 << (slot & 31);
    const bits = this.#occupied[word] ?? 0;
    this.#occupied[word] = occupied ? bits | bit : bits & ~bit;
  }

  /** The first tick at or after `tick` whose slot holds a timer, of this rotation or a later one. Only for a wheel that is not empty. */
  #nextOccupied(tick: number): number {
    for (let ahead = 0; ; ) {
      const slot = (tick + ahead) & slotMask;
      const bits = (this.#occupied[slot >> 5] ?? 0) >>> (slot & 31);
      if (bits !== 0) return tick + ahead + 31 - Math.clz32(bits & -bits);
      ahead += 32 - (slot & 31);
    }
  }

  /** Every timer due by `nowTick`, in order. They stay linked, so that one of them may clear another. */
  #due(nowTick: number): WheelTimer[] {
    const due: WheelTimer[] = [];
    if (this.#size === 0) return due;
    const end = Math.min(nowTick, this.#passed + slotCount);
    for (let tick = this.#nextOccupied(this.#passed + 1); tick <= end; tick = this.#nextOccupied(tick + 1)) {
      for (let timer = this.#first[tick & slotMask]; timer !== undefined; timer = timer.next)
        if (timer.tick <= nowTick) due.push(timer);
    }
    return due.sort((a, b) => a.dueMs - b.dueMs);
  }

  readonly #wake = (): void => {
    this.#wakeTick = Number.POSITIVE_INFINITY;
    this.#turning = true;
    if (this.#late.length === 0) {
      const nowTick = this.#tickAt(this.#clock.now());
      this.#late = this.#due(nowTick);
      this.#passed = Math.max(this.#passed, nowTick);
    }
    const endMs = this.#clock.now() + (this.#clock.isBusy() ? busySliceMs : sliceMs);
    let fired = 0;
    for (; fired < Math.min(this.#late.length, sliceSize); fired++) {
      if (this.#clock.now() > endMs) break;
      this.#fire(this.#late[fired] as WheelTimer);
    }
    this.#late.splice(0, fired);
    this.#turning = false;
    if (this.#size === 0) return;
    const nextTick = this.#late.length > 0 ? this.#passed : this.#nextOccupied(this.#passed + 1);
    this.#sleepUntil(nextTick, this.#clock.now());
  };

  #fire(timer: WheelTimer): void {
    const { fire } = timer;
    if (fire === undefined) return;
    timer.fire = undefined;
    this.#unlink(timer);
    try {
      fire();
    } catch (error) {
      this.#clock.failed(error);
    }
  }

  #sleepUntil(tick: number, nowMs: number): void {
    this.#stopSleep();
    this.#wakeTick = tick;
    const ms = this.#originMs + tick * tickMs - nowMs;
    this.#cancelSleep = this.#clock.sleep(this.#wake, Math.min(longestSleepMs, Math.max(1, Math.ceil(ms))));
  }

  #stopSleep(): void {
    this.#cancelSleep?.();
    this.#cancelSleep = undefined;
    this.#wakeTick = Number.POSITIVE_INFINITY;
  }
}
