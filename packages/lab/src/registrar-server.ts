import { type Ambient, type Inbound, randomToken, type Timer } from '@offhook/core';
import { buildResponse, type ResponseDraft, type SipRequest, stampVia } from '@offhook/sip';
import type { Link, Links } from './links.ts';

/** A request this server answers itself, remembered so that a repetition gets the same answer. */
export interface Served {
  readonly key: string;
  readonly request: SipRequest;
  readonly inbound: Inbound;
  readonly link: Link;
  readonly atMs: number;
  readonly toTag: string;
  /** The latest response; undefined while (or because) there is none. */
  last: Uint8Array | undefined;
  final: boolean;
  readonly timers: Set<Timer>;
}

/** Answers without the timers of a transaction: what is asked again is answered again. @source RFC 3261 section 8.2.7 */
export interface Server {
  find(request: SipRequest, method?: string): Served | undefined;
  /** Remembers a request as ours to answer. */
  open(request: SipRequest, inbound: Inbound, link: Link): Served;
  /** Sends an answer; nothing after a final one. `spoil` changes the bytes on their way out. */
  answer(served: Served, draft: ResponseDraft, spoil?: (bytes: Uint8Array) => Uint8Array): void;
  again(served: Served): void;
  /** Runs a task for a request later, unless it is dropped or stopped before. */
  later(served: Served, delayMs: number, task: () => void): void;
  cancelLater(served: Served): void;
  /** Forgets the requests that were never answered. */
  dropUnanswered(): void;
  stop(): void;
}

/** 64*T1: nobody repeats a request for longer. */
const memoryMs = 32_000;

const keyOf = ({ via }: SipRequest, method: string): string =>
  `${via.branch ?? ''}|${via.host.toLowerCase()}|${via.port ?? ''}|${method}`;

export function createServer(ambient: Ambient, links: Links, answered: (served: Served, status: number) => void): Server {
  const memory = new Map<string, Served>();

  function prune(): void {
    const nowMs = ambient.now();
    for (const [key, served] of memory) {
      if (nowMs - served.atMs < memoryMs) return;
      if (served.timers.size === 0) memory.delete(key);
    }
  }

  function cancelLater(served: Served): void {
    for (const timer of served.timers) ambient.clearTimer(timer);
    served.timers.clear();
  }

  return {
    find: (request, method = request.method) => memory.get(keyOf(request, method)),
    open(request, inbound, link) {
      prune();
      const key = keyOf(request, request.method);
      const toTag = request.to.params.get('tag') ?? randomToken(ambient, 64);
      const served: Served = {
        key,
        request,
        inbound,
        link,
        atMs: ambient.now(),
        toTag,
        last: undefined,
        final: false,
        timers: new Set(),
      };
      memory.set(key, served);
      return served;
    },
    answer(served, draft, spoil = (bytes) => bytes) {
      if (served.final) return;
      const { request, inbound, link, toTag } = served;
      const via = stampVia(request.headers('Via')[0] ?? '', inbound.remote.host, inbound.remote.port);
      served.last = spoil(buildResponse(request, draft.status === 100 ? draft : { toTag, ...draft }, via));
      served.final = draft.status >= 200;
      answered(served, draft.status);
      links.send(link, served.last);
    },
    again(served) {
      if (served.last !== undefined) links.send(served.link, served.last);
    },
    later(served, delayMs, task) {
      if (delayMs <= 0) return task();
      const timer = ambient.setTimer(() => {
        served.timers.delete(timer);
        task();
      }, delayMs);
      served.timers.add(timer);
    },
    cancelLater,
    dropUnanswered() {
      for (const [key, served] of memory) if (served.last === undefined && served.timers.size === 0) memory.delete(key);
    },
    stop() {
      for (const served of memory.values()) cancelLater(served);
      memory.clear();
    },
  };
}
