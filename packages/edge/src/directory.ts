import {
  type Bus,
  BusError,
  type DirectoryAnswer,
  decodeJson,
  encodeJson,
  type LineKey,
  readLineKey,
  type Subjects,
} from '@offhook/core';
import type { EdgeLimits } from './limits.ts';

/** The lines of a user, perhaps none; `silent`: nobody said in time. */
export type Found = readonly LineKey[] | 'silent';

const nobody: Found = [];

/** Asks line hosts which lines are a user's. Questions that are alike while one is under way share its answer, in order. */
export class Directory {
  readonly #bus: Bus;
  readonly #subject: string;
  readonly #limits: EdgeLimits;
  readonly #asking = new Map<string, ((found: Found) => void)[]>();
  #waiting = 0;

  constructor(bus: Bus, subjects: Subjects, limits: EdgeLimits) {
    this.#bus = bus;
    this.#subject = subjects.directory;
    this.#limits = limits;
  }

  /** False when too many wait already; else `onFound` is called later, once. */
  find(user: string, onFound: (found: Found) => void): boolean {
    if (this.#waiting >= this.#limits.maxWaiting) return false;
    this.#waiting++;
    const waiting = this.#asking.get(user);
    if (waiting !== undefined) {
      waiting.push(onFound);
      return true;
    }
    const all = [onFound];
    this.#asking.set(user, all);
    void this.#ask(user).then((found) => {
      this.#asking.delete(user);
      this.#waiting -= all.length;
      for (const one of all) one(found);
    });
    return true;
  }

  async #ask(user: string): Promise<Found> {
    try {
      const answer = await this.#bus.request(this.#subject, encodeJson({ user }), {
        timeoutMs: this.#limits.directoryTimeoutMs,
      });
      return decodeJson<DirectoryAnswer>(answer.payload).keys.flatMap((key) => readLineKey(key) ?? []);
    } catch (error) {
      return error instanceof BusError && error.code === 'E_BUS_NO_RESPONDERS' ? nobody : 'silent';
    }
  }
}
