import { connect, type Socket } from 'node:net';
import type { Endpoint } from '@offhook/core';
import type { Random } from '@offhook/lab';

/** What one connection does to the phone. Resolves when it is over, with the bytes that were taken from it. */
export type StreamAttack = (target: Endpoint, from: string) => Promise<number>;

const open = ({ host, port }: Endpoint, localAddress: string): Socket => {
  const socket = connect({ host, port, localAddress });
  socket.on('error', () => {});
  // What the phone answers has to be read, or its end is not seen.
  socket.resume();
  return socket;
};

const closed = (socket: Socket): Promise<number> =>
  new Promise((resolve) => socket.on('close', () => resolve(socket.bytesWritten)));

/** Writes pieces, then ends in order. */
const pieces =
  (parts: readonly Uint8Array[]): StreamAttack =>
  (target, from) => {
    const socket = open(target, from);
    for (const part of parts) socket.write(part);
    socket.end();
    return closed(socket);
  };

const turns = async (count: number): Promise<void> => {
  for (let n = 0; n < count; n++) await new Promise(setImmediate);
};

/**
 * The first `length` bytes, then a reset. A reset overtakes what has not been read: so it waits until the phone has answered a ping
 * (it has taken the connection), and then for the phone, which runs in this process, to have had its turn to read.
 */
export const resetAfter =
  (bytes: Uint8Array, length: number): StreamAttack =>
  (target, from) => {
    const socket = open(target, from);
    socket.on('connect', () => socket.write('\r\n\r\n'));
    socket.once('data', () => {
      const reset = (): void => void turns(10).then(() => socket.resetAndDestroy());
      if (length === 0) reset();
      else socket.write(bytes.subarray(0, length), reset);
    });
    return closed(socket);
  };

/** Half a message, then nothing more, until the phone has had enough. */
export const stall =
  (bytes: Uint8Array): StreamAttack =>
  (target, from) => {
    const socket = open(target, from);
    if (bytes.length > 0) socket.write(bytes);
    return closed(socket);
  };

/** A byte at a time, each in a turn of its own, until the phone has had enough. */
export const drip =
  (bytes: Uint8Array): StreamAttack =>
  (target, from) => {
    const socket = open(target, from);
    socket.setNoDelay(true);
    let at = 0;
    const next = (): void => {
      if (socket.destroyed || at >= bytes.length) return;
      socket.write(bytes.subarray(at, ++at), () => setImmediate(next));
    };
    socket.on('connect', next);
    return closed(socket);
  };

/** `chunk` again and again, up to `limit` bytes, until the phone has had enough. */
export const endless =
  (start: string, chunk: string, limit: number): StreamAttack =>
  (target, from) => {
    const socket = open(target, from);
    const more = Buffer.from(chunk.repeat(Math.ceil(16_384 / chunk.length)));
    socket.write(start);
    const pump = (): void => {
      while (!socket.destroyed && socket.bytesWritten < limit) if (!socket.write(more)) return;
      if (!socket.destroyed) socket.end();
    };
    socket.on('drain', pump);
    socket.on('connect', pump);
    return closed(socket);
  };

/** Spoiled messages one after another, cut at random places. */
export function spoiled(messages: readonly Uint8Array[], random: Random): StreamAttack {
  const all = Buffer.concat(messages);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < all.length; ) {
    const length = 1 + Math.floor(random() * 2_000);
    parts.push(all.subarray(at, at + length));
    at += length;
  }
  return pieces(parts);
}

/** Carries out attacks, `width` at a time; resolves with the most bytes that one of them got rid of. */
export async function fireStreams(
  attacks: readonly StreamAttack[],
  target: Endpoint,
  from: (n: number) => string,
  width: number,
): Promise<number> {
  let next = 0;
  let most = 0;
  const worker = async (): Promise<void> => {
    for (let n = next++; n < attacks.length; n = next++) {
      most = Math.max(most, (await attacks[n]?.(target, from(n))) ?? 0);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  return most;
}
