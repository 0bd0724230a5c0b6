import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { Endpoint } from '@offhook/core';
import type { RuntimeCounters } from '@offhook/runtime';
import type { FireServer, PhoneUnderFire } from './phone-under-fire.ts';

/** Sends datagrams to the phone from one address. */
export interface Gun {
  send(bytes: Uint8Array): Promise<void>;
  stop(): Promise<void>;
}

/** From a port of its own, bound to `host`. */
export async function openGun(host: string, target: Endpoint): Promise<Gun> {
  const socket = createSocket('udp4');
  // ICMP errors and answers of the phone are nobody's business.
  socket.on('error', () => {});
  socket.bind(0, host);
  await once(socket, 'listening');
  return {
    send: (bytes) => new Promise((resolve) => socket.send(bytes, target.port, target.host, () => resolve())),
    stop: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

/** From the very address and port of a registrar: its own socket sends. */
export async function borrowGun({ udp }: FireServer, target: Endpoint): Promise<Gun> {
  const { flow } = await udp.open({ remote: target, owner: 'gun', timeoutMs: 1_000 });
  return { send: async (bytes) => udp.send(flow, bytes), stop: async () => {} };
}

/** Every datagram of the phone's sockets that became something, or nothing, so far. */
async function accounted({ runtime }: PhoneUnderFire): Promise<number> {
  const { edge } = await runtime.counters();
  if (edge === undefined) throw new Error('the edge does not answer');
  return edge.received + edge.transportEmpty + edge.transportKeepalive;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Turns the event loop until the counters hold what is asked, or for 5 s: then the test says what is missing. */
export async function untilCounters({ runtime }: PhoneUnderFire, holds: (counters: RuntimeCounters) => boolean): Promise<void> {
  const deadline = performance.now() + 5_000;
  while (!holds(await runtime.counters()) && performance.now() < deadline) await turn();
}

/** What the edge has handed over has reached the lines: it is on the bus for a turn. */
export const settled = (phone: PhoneUnderFire): Promise<void> =>
  untilCounters(phone, ({ edge, lines }) => edge?.delivered === lines?.received);

/** Two default receive buffers hold more than this; a socket that overflows loses datagrams before anybody can count them. */
const batchBytes = 40_000;
const batchCount = 40;

/**
 * Fires `count` datagrams in batches, each only when all before it are accounted for; resolves with how many were sent and lost.
 */
export async function fireDatagrams(
  phone: PhoneUnderFire,
  guns: readonly Gun[],
  count: number,
  message: (n: number) => Uint8Array,
): Promise<{ readonly sent: number; readonly lost: number }> {
  let sent = 0;
  let lost = 0;
  let seen = await accounted(phone);
  while (sent < count) {
    let bytes = 0;
    let batch = 0;
    for (; batch < batchCount && sent < count && bytes < batchBytes; batch++, sent++) {
      const next = message(sent);
      bytes += next.length;
      await guns[sent % guns.length]?.send(next);
    }
    const wanted = seen + batch;
    const deadline = performance.now() + 5_000;
    do {
      await turn();
      seen = await accounted(phone);
    } while (seen < wanted && performance.now() < deadline);
    lost += Math.max(wanted - seen, 0);
  }
  return { sent, lost };
}
