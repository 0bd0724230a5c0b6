import type { Flow, Protocol, Transport } from '@offhook/core';
import { buildResponse, type HeaderFields, parseMessage, type SipRequest } from '@offhook/sip';
import type { World } from '../../src/index.ts';

/* A registrar that says whatever it is told to, byte by byte. */

export const rogueHost = '10.0.0.66';

export interface Answer {
  readonly status: number;
  readonly headers?: HeaderFields;
  readonly afterMs?: number;
  /** Changes the text on its way out. */
  readonly spoil?: (text: string) => string;
}

export interface Rogue {
  /** What it answers to the n-th request (from 0), in order; nothing is an answer too. */
  answers(answers: (request: SipRequest, n: number) => readonly Answer[]): void;
  /** Raw bytes to whoever spoke last. */
  say(bytes: Uint8Array | string): void;
  /** Ends the connection of whoever spoke last. */
  hangUp(): void;
  /** Called after each request was answered. */
  onRequest: (request: SipRequest) => void;
  stop(): Promise<void>;
}

/** Does its job as a registrar should, and challenges nobody. */
export const good = (request: SipRequest): readonly Answer[] => {
  const expires = request.header('Expires') ?? '3600';
  const contact = request.headers('Contact')[0] ?? '';
  return [{ status: 200, headers: expires === '0' ? [] : [['Contact', `${contact};expires=${expires}`]] }];
};

export async function createRogue(world: World, protocol: Exclude<Protocol, 'tls'> = 'udp'): Promise<Rogue> {
  const transport: Transport = world.wire.transport({ host: rogueHost, port: 5060, protocol });
  const text = new TextDecoder();
  const bytesOf = (said: Uint8Array | string): Uint8Array => (typeof said === 'string' ? new TextEncoder().encode(said) : said);
  let flow: Flow | undefined;
  let behave: (request: SipRequest, n: number) => readonly Answer[] = good;
  let count = 0;
  const say = (said: Uint8Array | string): void => {
    if (flow !== undefined) transport.send(flow, bytesOf(said));
  };

  function answer(request: SipRequest, { status, headers = [], spoil = (same) => same }: Answer): void {
    const via = request.headers('Via')[0] ?? '';
    const bytes = buildResponse(request, { status, headers, ...(status === 100 ? {} : { toTag: `rogue${status}` }) }, via);
    say(spoil(text.decode(bytes)));
  }

  const rogue: Rogue = {
    answers(answers) {
      behave = answers;
      count = 0;
    },
    say,
    hangUp() {
      if (flow !== undefined) transport.close(flow);
    },
    onRequest: () => {},
    stop: () => transport.stop(),
  };
  await transport.start({
    message(inbound) {
      const request = parseMessage(inbound.bytes);
      if (request.kind !== 'request') return;
      flow = inbound.flow;
      for (const each of behave(request, count++)) {
        if (each.afterMs === undefined) answer(request, each);
        else world.ambient.setTimer(() => answer(request, each), each.afterMs);
      }
      rogue.onRequest(request);
    },
    flowFailed() {},
    dropped() {},
  });
  return rogue;
}
