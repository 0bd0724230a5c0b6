import { connect, type Socket } from 'node:net';
import { type ErrorCode, PhoneError, refusedCommand } from '@offhook/core';
import { type ControlReply, longestReply, parseReply, readLines } from './control-protocol.ts';

/** A connection to a running runner. */
export interface ControlClient {
  /** @throws CommandError, ConfigError (rejects) with the runner's code */
  ask(command: string, options?: { readonly line?: string; readonly args?: Readonly<Record<string, unknown>> }): Promise<unknown>;
  /** Facts from now on; resolves once none can be lost. `onMissed` hears how many were left out because they were read too slowly. */
  subscribe(onFact: (fact: unknown) => void, onMissed?: (count: number) => void): Promise<void>;
  /** Resolves when the connection has ended. */
  readonly ended: Promise<void>;
  close(): void;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

function open(path: string, hint: string): Promise<Socket> {
  const socket = connect(path);
  return new Promise((resolve, reject) => {
    socket.once('connect', () => resolve(socket));
    socket.once('error', (cause: NodeJS.ErrnoException) => {
      const denied = cause.code === 'EACCES' || cause.code === 'EPERM';
      const message = denied
        ? `Control socket ${path} belongs to another user. Ask as the user that runs it.`
        : `No runner answers on ${path}. Start one with "offhook run FILE", or name its socket with --socket.${hint}`;
      reject(new PhoneError('E_CONTROL_UNREACHABLE', message, { cause }));
    });
  });
}

/** @throws PhoneError (rejects) `E_CONTROL_UNREACHABLE`; `hint` is added where nobody answers */
export async function connectControl(path: string, hint = ''): Promise<ControlClient> {
  const socket = await open(path, hint);
  let lastId = 0;
  let onFact: (fact: unknown) => void = () => {};
  let onMissed: (count: number) => void = () => {};
  const waiting = new Map<number, Waiting>();
  const lost = (): PhoneError => new PhoneError('E_CONTROL_UNREACHABLE', `The runner on ${path} closed the connection.`);
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  void ended.then(() => {
    for (const { reject } of waiting.values()) reject(lost());
    waiting.clear();
  });
  socket.on('error', () => socket.destroy());

  function take(reply: ControlReply | undefined): void {
    if (reply === undefined) return void socket.destroy();
    if ('fact' in reply) return onFact(reply.fact);
    if ('missed' in reply) return onMissed(reply.missed);
    const caller = waiting.get(reply.id);
    waiting.delete(reply.id);
    if (reply.ok) caller?.resolve(reply.value);
    else caller?.reject(refusedCommand(reply.code as ErrorCode, reply.message, reply.findings));
  }
  async function listen(): Promise<void> {
    socket.setEncoding('utf8');
    for await (const text of readLines(socket, longestReply)) take(parseReply(text));
  }
  listen().catch(() => socket.destroy());

  const ask: ControlClient['ask'] = (command, options = {}) =>
    new Promise((resolve, reject) => {
      if (!socket.writable) return reject(lost());
      lastId += 1;
      waiting.set(lastId, { resolve, reject });
      socket.write(`${JSON.stringify({ id: lastId, command, ...options })}\n`);
    });

  return {
    ask,
    async subscribe(factHandler, missedHandler = () => {}) {
      [onFact, onMissed] = [factHandler, missedHandler];
      await ask('events');
    },
    ended,
    close: () => socket.end(),
  };
}
