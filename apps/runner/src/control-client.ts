import { connect } from 'node:net';
import { CommandError, type ErrorCode, PhoneError } from '@offhook/core';
import { type ControlReply, readLines } from './control-protocol.ts';

/** A connection to a running runner. */
export interface ControlClient {
  /** @throws CommandError (rejects) with the runner's code */
  ask(command: string, options?: { readonly line?: string; readonly args?: Readonly<Record<string, unknown>> }): Promise<unknown>;
  /** Facts until the connection ends; resolves then. */
  events(onFact: (fact: unknown) => void): Promise<void>;
  close(): void;
}

/** @throws PhoneError (rejects) `E_CONTROL_UNREACHABLE` */
export async function connectControl(path: string): Promise<ControlClient> {
  const socket = connect(path);
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', () => resolve());
    socket.once('error', (cause) =>
      reject(
        new PhoneError(
          'E_CONTROL_UNREACHABLE',
          `No runner answers on ${path}. Start one with "offhook run", or name its socket with --socket.`,
          { cause },
        ),
      ),
    );
  });
  let lastId = 0;
  let onFact: (fact: unknown) => void = () => {};
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  void ended.then(() => {
    for (const { reject } of waiting.values())
      reject(new PhoneError('E_CONTROL_UNREACHABLE', `The runner on ${path} closed the connection.`));
  });
  socket.on('error', () => socket.destroy());
  readLines(socket, (text) => {
    const reply = JSON.parse(text) as ControlReply;
    if ('fact' in reply) return onFact(reply.fact);
    const caller = waiting.get(reply.id);
    waiting.delete(reply.id);
    if (reply.ok) caller?.resolve(reply.value);
    else caller?.reject(new CommandError(reply.code as ErrorCode, reply.message));
  });

  const ask: ControlClient['ask'] = (command, options = {}) =>
    new Promise((resolve, reject) => {
      lastId += 1;
      waiting.set(lastId, { resolve, reject });
      socket.write(`${JSON.stringify({ id: lastId, command, ...options })}\n`);
    });

  return {
    ask,
    async events(handler) {
      onFact = handler;
      await ask('events');
      await ended;
    },
    close: () => socket.end(),
  };
}
