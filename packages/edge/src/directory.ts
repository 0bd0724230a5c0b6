import {
  type Bus,
  BusError,
  type DirectoryAnswer,
  decodeJson,
  encodeJson,
  type Flow,
  type LineKey,
  readLineKey,
  type Subjects,
} from '@offhook/core';
import type { EdgeLimits } from './limits.ts';

/** Which line serves a user; `unknown`: none does; `silent`: nobody said in time. */
export type Found = LineKey | 'unknown' | 'silent';

/** Asks line hosts which line serves a user. Questions that are alike while one is under way share its answer, in order. */
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
  find(user: string, flow: Flow, onFound: (found: Found) => void): boolean {
    if (this.#waiting >= this.#limits.maxWaiting) return false;
    this.#waiting++;
    const question = `${flow} ${user}`;
    const waiting = this.#asking.get(question);
    if (waiting !== undefined) {
      waiting.push(onFound);
      return true;
    }
    const all = [onFound];
    this.#asking.set(question, all);
    void this.#ask(user, flow).then((found) => {
      this.#asking.delete(question);
      this.#waiting -= all.length;
      for (const one of all) one(found);
    });
    return true;
  }

  async #ask(user: string, flow: Flow): Promise<Found> {
    try {
      const answer = await this.#bus.request(this.#subject, encodeJson({ user, flow }), {
        timeoutMs: this.#limits.directoryTimeoutMs,
      });
      return readLineKey(decodeJson<DirectoryAnswer>(answer.payload).key) ?? 'unknown';
    } catch (error) {
      return error instanceof BusError && error.code === 'E_BUS_NO_RESPONDERS' ? 'unknown' : 'silent';
    }
  }
}
