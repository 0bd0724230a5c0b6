import type { Flow, Leg, LineKey } from '@offhook/core';

interface Entry {
  readonly reliable: boolean;
  /** Filled once a leg opened it: its remote host, and all others of the name that was opened. */
  readonly hosts: Set<string>;
  /** Legs that opened it and have not closed it: `<line>/<leg>`. */
  readonly holders: Set<string>;
  /** Streams: lines that sent on it. Datagrams: lines that wait for an answer. */
  readonly users: Set<LineKey>;
}

const legs: readonly Leg[] = ['primary', 'alternate'];

const lineOf = (holder: string): LineKey => holder.slice(0, holder.indexOf('/')) as LineKey;

/**
 * Who uses which flow, so that a failure is told to the right lines. A stream's end concerns everybody who opened it or sent on it. An
 * ICMP error concerns only lines that sent a request since they last heard a response: nobody else waits for anything.
 * @source design section 4, D-18
 */
export class FlowTable {
  readonly #entries = new Map<Flow, Entry>();
  /** Hosts of opened flows and their names, with the number of flows. */
  readonly #nextHops = new Map<string, number>();

  /** Flows that a leg holds. */
  get held(): number {
    let held = 0;
    for (const { holders } of this.#entries.values()) if (holders.size > 0) held++;
    return held;
  }

  /** Legs that hold a flow, each flow counted. */
  get holders(): number {
    let legs = 0;
    for (const { holders } of this.#entries.values()) legs += holders.size;
    return legs;
  }

  isNextHop(host: string): boolean {
    return this.#nextHops.has(host);
  }

  /** @param hosts the flow's remote, and whoever else bears the name that was opened: a request may come from any of them */
  opened(flow: Flow, reliable: boolean, hosts: readonly string[], line: LineKey, leg: Leg): void {
    const entry = this.#entry(flow, reliable);
    for (const host of hosts) {
      if (entry.hosts.has(host)) continue;
      entry.hosts.add(host);
      this.#nextHops.set(host, (this.#nextHops.get(host) ?? 0) + 1);
    }
    entry.holders.add(`${line}/${leg}`);
  }

  /** One of these lines that has opened the flow. */
  holderAmong(keys: readonly LineKey[], flow: Flow): LineKey | undefined {
    const holders = this.#entries.get(flow)?.holders;
    return holders && keys.find((key) => legs.some((leg) => holders.has(`${key}/${leg}`)));
  }

  /** True when nobody holds the flow any longer: it is forgotten and may be closed. Without `leg` all legs of the line let go. */
  released(flow: Flow, line: LineKey, leg: string | undefined): boolean {
    const entry = this.#entries.get(flow);
    if (entry === undefined) return true;
    if (leg !== undefined) entry.holders.delete(`${line}/${leg}`);
    else for (const holder of entry.holders) if (lineOf(holder) === line) entry.holders.delete(holder);
    if (entry.holders.size > 0) return false;
    this.#forget(flow, entry);
    return true;
  }

  /** A line sends a message; `awaitsResponse` for requests other than ACK. */
  sent(flow: Flow, reliable: boolean, line: LineKey, awaitsResponse: boolean): void {
    if (reliable || awaitsResponse) this.#entry(flow, reliable).users.add(line);
  }

  /** A response reached a line. */
  heard(flow: Flow, line: LineKey): void {
    const entry = this.#entries.get(flow);
    if (entry === undefined || entry.reliable) return;
    entry.users.delete(line);
    if (entry.users.size === 0 && entry.holders.size === 0) this.#entries.delete(flow);
  }

  /** The flow failed: the lines to tell. A stream is forgotten, a datagram flow stays. */
  failed(flow: Flow): ReadonlySet<LineKey> {
    const entry = this.#entries.get(flow);
    if (entry === undefined) return new Set();
    if (!entry.reliable) {
      const waiting = new Set(entry.users);
      // Told, they wait no longer; a retransmission makes them wait again.
      for (const line of waiting) this.heard(flow, line);
      return waiting;
    }
    this.#forget(flow, entry);
    return new Set([...entry.users, ...[...entry.holders].map(lineOf)]);
  }

  #entry(flow: Flow, reliable: boolean): Entry {
    let entry = this.#entries.get(flow);
    if (entry === undefined) {
      entry = { reliable, hosts: new Set(), holders: new Set(), users: new Set() };
      this.#entries.set(flow, entry);
    }
    return entry;
  }

  #forget(flow: Flow, { hosts }: Entry): void {
    this.#entries.delete(flow);
    for (const host of hosts) {
      const left = (this.#nextHops.get(host) ?? 1) - 1;
      if (left === 0) this.#nextHops.delete(host);
      else this.#nextHops.set(host, left);
    }
  }
}
