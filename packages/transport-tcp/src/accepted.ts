import type { StreamLimits } from './stream-options.ts';

/** Counts the connections peers opened, in all and per host. */
export class AcceptedCount {
  readonly #limits: Pick<StreamLimits, 'maxAccepted' | 'maxAcceptedPerHost'>;
  readonly #perHost = new Map<string, number>();
  #total = 0;

  constructor(limits: Pick<StreamLimits, 'maxAccepted' | 'maxAcceptedPerHost'>) {
    this.#limits = limits;
  }

  /** False when there is no room for one more from that host. */
  enter(host: string): boolean {
    const here = this.#perHost.get(host) ?? 0;
    if (this.#total >= this.#limits.maxAccepted || here >= this.#limits.maxAcceptedPerHost) return false;
    this.#perHost.set(host, here + 1);
    this.#total++;
    return true;
  }

  leave(host: string): void {
    const left = (this.#perHost.get(host) ?? 1) - 1;
    if (left === 0) this.#perHost.delete(host);
    else this.#perHost.set(host, left);
    this.#total--;
  }
}
