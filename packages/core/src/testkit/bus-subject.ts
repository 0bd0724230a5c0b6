import { deepStrictEqual, strictEqual } from 'node:assert/strict';
import type { Bus, BusMessage, SubscribeOptions } from '../contracts/bus.ts';
import type { Closable } from './kit.ts';

/** A bus under test and its surroundings. */
export interface BusSubject extends Closable {
  readonly bus: Bus;
  /** Resolves once everything published, answers included, has reached its handlers. No timer needs to fire for that. */
  settle(): Promise<void>;
  /** Lets that much time pass for the timers of the bus: those due until then have fired when it resolves. */
  elapse(ms: number): Promise<void>;
  /** The clock of the bus, ms. */
  now(): number;
}

const text = new TextEncoder();
const fromText = new TextDecoder();

export const encode = (value: string): Uint8Array => text.encode(value);
export const decode = (payload: Uint8Array): string => fromText.decode(payload);

/** Subscribes and notes the payload of each delivery. */
export function noteDeliveries(bus: Bus, subject: string, options?: SubscribeOptions): string[] {
  const seen: string[] = [];
  bus.subscribe(subject, (message) => seen.push(decode(message.payload)), options);
  return seen;
}

/** How a promise ended: its value, the code of its error, or that it has not. */
export interface Outcome<T> {
  value?: T;
  code?: unknown;
  settled: boolean;
}

/** Follows a promise without waiting for it, so that virtual time can be moved meanwhile. */
export function follow<T>(promise: Promise<T>): Outcome<T> {
  const outcome: Outcome<T> = { settled: false };
  promise.then(
    (value) => Object.assign(outcome, { settled: true, value }),
    (error: unknown) => Object.assign(outcome, { settled: true, code: codeOf(error) }),
  );
  return outcome;
}

export const codeOf = (error: unknown): unknown => (error as { code?: unknown } | undefined)?.code ?? error;

/** The code of what `act` throws; undefined when it does not. */
export function thrownCode(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return codeOf(error);
  }
  return undefined;
}

export const numbers = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, i) => String(from + i));

/** Publishes each value as one message. */
export function publishAll(bus: Bus, subject: string, values: readonly string[]): void {
  for (const value of values) bus.publish(subject, encode(value));
}

/** Answers each request with `answer(request)`. */
export function serve(bus: Bus, subject: string, answer: (request: BusMessage) => string): void {
  bus.subscribe(subject, (request) => request.respond(encode(answer(request))));
}

export { deepStrictEqual as same, strictEqual as is };
