import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { type Ambient, type Endpoint, formatEndpoint } from '@offhook/core';
import { encodeQuestion, type Question, type Reading, readReply } from './wire.ts';

/** One packet to one server, and what came back. Rejects on silence, refusal, or a stream that breaks. */
type Exchange = (server: Endpoint, question: Question, timeoutMs: number, ambient: Ambient) => Promise<Reading>;

/** Addresses are literals: nothing is looked up to look something up. */
const literalLookup = (host: string, _options: unknown, done: (error: null, address: string, family: number) => void): void =>
  done(null, host, host.includes(':') ? 6 : 4);

/** Ends once, with the first of: a reading, an error, silence. */
function settle(
  server: Endpoint,
  timeoutMs: number,
  ambient: Ambient,
  run: (end: (outcome: Reading | Error) => void) => () => void,
) {
  return new Promise<Reading>((resolve, reject) => {
    const stop = run((outcome) => {
      ambient.clearTimer(timer);
      stop();
      if (outcome instanceof Error) reject(outcome);
      else resolve(outcome);
    });
    const timer = ambient.setTimer(() => {
      stop();
      reject(new Error(`${formatEndpoint(server)} was silent for ${timeoutMs} ms`));
    }, timeoutMs);
  });
}

/**
 * A socket of its own for each question, on a port of the system's choice and connected to the server: packets of anybody else never
 * reach it, and a port where nobody listens is told at once.
 * @source RFC 5452 sections 9.1, 9.2
 */
export const askOverUdp: Exchange = (server, question, timeoutMs, ambient) =>
  settle(server, timeoutMs, ambient, (end) => {
    const socket = createSocket({ type: server.host.includes(':') ? 'udp6' : 'udp4', lookup: literalLookup });
    let isOpen = true;
    socket.on('error', end);
    socket.on('message', (bytes) => {
      const reading = readReply(bytes, question);
      // A packet that answers something else does not end the wait.
      if (reading !== undefined) end(reading);
    });
    socket.connect(server.port, server.host, () => {
      if (isOpen) socket.send(encodeQuestion(question));
    });
    return () => {
      if (isOpen) socket.close();
      isOpen = false;
    };
  });

/** Each message on a stream has its length before it. */
const lengthBytes = 2;

/** @source RFC 7766 section 8 */
export const askOverTcp: Exchange = (server, question, timeoutMs, ambient) =>
  settle(server, timeoutMs, ambient, (end) => {
    const socket = connect({ host: server.host, port: server.port });
    let received = Buffer.alloc(0);
    const bytes = encodeQuestion(question);
    socket.on('error', end);
    socket.on('close', () => end(new Error(`${formatEndpoint(server)} closed the connection before its answer was whole`)));
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < lengthBytes) return;
      const length = received.readUInt16BE(0);
      if (received.length < lengthBytes + length) return;
      const reading = readReply(received.subarray(lengthBytes, lengthBytes + length), question);
      end(reading ?? new Error(`${formatEndpoint(server)} answered something else`));
    });
    socket.write(Buffer.from([bytes.length >> 8, bytes.length & 0xff]));
    socket.write(bytes);
    return () => socket.destroy();
  });
