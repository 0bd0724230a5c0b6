import type { RemoteInfo, Socket } from 'node:dgram';
import { machineMs } from './process-costs.ts';

/** Where a line was when it registered last. */
export interface Place {
  readonly uri: string;
  readonly remote: RemoteInfo;
  readonly socket: Socket;
}

/** Asks lines with OPTIONS again and again: until each has answered, or until it is told to end. */
export interface ProbePlan {
  readonly keys: readonly string[];
  /** Each line is asked so often. */
  readonly everyMs: number;
  readonly mode: 'untilAnswered' | 'steady';
}

/** What became of one line. */
export interface Probed {
  readonly key: string;
  /** When its first answer came, by the clock of the machine; undefined: none did. */
  readonly answeredMs?: number;
  /** The longest stretch in which whatever it was asked had no answer: as fine as the pace of asking. */
  readonly gapMs: number;
}

interface Line {
  readonly key: string;
  readonly place: Place;
  answeredMs: number | undefined;
  /** When that was sent which was answered last. */
  lastMs: number;
  gapMs: number;
}

const prefix = 'probe-';
const tickMs = 5;

const keyOf = (uri: string): string | undefined => /;line=([^;>]+);leg=p/.exec(uri)?.[1];

/** One stretch of asking, over the primary legs. */
export class Probes {
  readonly #plan: ProbePlan;
  readonly #onDone: (probed: readonly Probed[]) => void;
  readonly #lines: readonly Line[];
  readonly #startMs = machineMs();
  readonly #timer: NodeJS.Timeout;
  #turn = 0;
  #left: number;

  constructor(plan: ProbePlan, places: readonly Place[], onDone: (probed: readonly Probed[]) => void) {
    const byKey = new Map(places.map((place) => [keyOf(place.uri), place]));
    this.#plan = plan;
    this.#onDone = onDone;
    this.#lines = plan.keys.flatMap((key) => {
      const place = byKey.get(key);
      return place === undefined ? [] : [{ key, place, answeredMs: undefined, lastMs: this.#startMs, gapMs: 0 }];
    });
    this.#left = this.#lines.length;
    this.#timer = setInterval(() => this.#ask(), tickMs);
  }

  /** Whether the answer with this Call-ID was to one of us. */
  hear(callId: string): boolean {
    if (!callId.startsWith(prefix)) return false;
    const [index, sentMs] = callId.slice(prefix.length).split('-').map(Number);
    const line = this.#lines[index ?? -1];
    if (line === undefined || sentMs === undefined) return true;
    this.#bridge(line, sentMs);
    if (line.answeredMs !== undefined) return true;
    line.answeredMs = machineMs();
    this.#left -= 1;
    if (this.#left === 0 && this.#plan.mode === 'untilAnswered') this.end();
    return true;
  }

  end(): void {
    clearInterval(this.#timer);
    const endMs = machineMs();
    for (const line of this.#lines) if (this.#plan.mode === 'steady') this.#bridge(line, endMs);
    this.#onDone(
      this.#lines.map(({ key, answeredMs, gapMs }) => ({ key, gapMs, ...(answeredMs === undefined ? {} : { answeredMs }) })),
    );
  }

  #bridge(line: Line, sentMs: number): void {
    line.gapMs = Math.max(line.gapMs, sentMs - line.lastMs - this.#plan.everyMs);
    line.lastMs = Math.max(line.lastMs, sentMs);
  }

  #ask(): void {
    const { everyMs, mode } = this.#plan;
    const due = ((machineMs() - this.#startMs) / everyMs) * this.#lines.length;
    for (; this.#turn < due; this.#turn += 1) {
      const index = this.#turn % this.#lines.length;
      const line = this.#lines[index];
      if (line === undefined) return;
      if (mode === 'steady' || line.answeredMs === undefined) this.#send(line, index);
    }
  }

  #send({ place: { uri, remote, socket } }: Line, index: number): void {
    const via = `SIP/2.0/UDP 127.0.0.1:${socket.address().port};branch=z9hG4bKprobe${process.pid}x${this.#turn}x${Math.round(this.#startMs)}`;
    socket.send(
      `OPTIONS ${uri} SIP/2.0\r\nVia: ${via}\r\nMax-Forwards: 70\r\nFrom: <sip:sink@127.0.0.1>;tag=p${this.#turn}\r\nTo: <${uri}>\r\n` +
        `Call-ID: ${prefix}${index}-${machineMs().toFixed(2)}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n`,
      remote.port,
      remote.address,
    );
  }
}
