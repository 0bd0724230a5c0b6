import { connect, type Socket } from 'node:net';
import { connect as secure } from 'node:tls';
import type { Endpoint } from '@offhook/core';
import type { Random } from '@offhook/lab';

/** A connection on its way to the phone: what carries SIP, and the TCP socket that carries this. */
export interface Dialled {
  readonly socket: Socket;
  readonly raw: Socket;
}

export type Dial = () => Dialled;

/** What one connection does to the phone. Resolves when it is over, with the bytes that were taken from it. */
export type StreamAttack = (dial: Dial) => Promise<number>;

function prepared(socket: Socket): Socket {
  socket.on('error', () => {});
  // What the phone answers has to be read, or its end is not seen.
  socket.resume();
  return socket;
}

const open = ({ host, port }: Endpoint, localAddress: string): Socket => {
  const socket = connect({ host, port, localAddress });
  socket.on('error', () => {});
  return socket;
};

export const overTcp =
  (target: Endpoint, from: string): Dial =>
  () => {
    const raw = prepared(open(target, from));
    return { socket: raw, raw };
  };

export const overTls =
  (target: Endpoint, from: string): Dial =>
  () => {
    const raw = open(target, from);
    return { socket: prepared(secure({ socket: raw, rejectUnauthorized: false })), raw };
  };

const closed = ({ socket, raw }: Dialled): Promise<number> =>
  new Promise((resolve) => socket.on('close', () => resolve(raw.bytesWritten)));

/** Writes pieces, then ends in order. */
export const pieces =
  (parts: readonly Uint8Array[]): StreamAttack =>
  (dial) => {
    const dialled = dial();
    for (const part of parts) dialled.socket.write(part);
    dialled.socket.end();
    return closed(dialled);
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
  (dial) => {
    const dialled = dial();
    const { socket, raw } = dialled;
    socket.write('\r\n\r\n');
    socket.once('data', () => {
      const reset = (): void => void turns(10).then(() => raw.resetAndDestroy());
      if (length === 0) reset();
      else socket.write(bytes.subarray(0, length), reset);
    });
    return closed(dialled);
  };

/** Half a message, then nothing more, until the phone has had enough. */
export const stall =
  (bytes: Uint8Array): StreamAttack =>
  (dial) => {
    const dialled = dial();
    if (bytes.length > 0) dialled.socket.write(bytes);
    return closed(dialled);
  };

/** A byte at a time, each in a turn of its own, until the phone has had enough. */
export const drip =
  (bytes: Uint8Array): StreamAttack =>
  (dial) => {
    const dialled = dial();
    const { socket, raw } = dialled;
    raw.setNoDelay(true);
    let at = 0;
    const next = (): void => {
      if (socket.destroyed || at >= bytes.length) return;
      socket.write(bytes.subarray(at, ++at), () => setImmediate(next));
    };
    raw.on('connect', next);
    return closed(dialled);
  };

/** `chunk` again and again, up to `limit` bytes, until the phone has had enough. */
export const endless =
  (start: string, chunk: string, limit: number): StreamAttack =>
  (dial) => {
    const dialled = dial();
    const { socket, raw } = dialled;
    const more = Buffer.from(chunk.repeat(Math.ceil(16_384 / chunk.length)));
    socket.write(start);
    const pump = (): void => {
      while (!socket.destroyed && raw.bytesWritten < limit) if (!socket.write(more)) return;
      if (!socket.destroyed) socket.end();
    };
    socket.on('drain', pump);
    raw.on('connect', pump);
    return closed(dialled);
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
export async function fireStreams(attacks: readonly StreamAttack[], dial: Dial, width: number): Promise<number> {
  let next = 0;
  let most = 0;
  const worker = async (): Promise<void> => {
    for (let n = next++; n < attacks.length; n = next++) most = Math.max(most, (await attacks[n]?.(dial)) ?? 0);
  };
  await Promise.all(Array.from({ length: width }, worker));
  return most;
}
