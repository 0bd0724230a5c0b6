import { chmodSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { PhoneError, TransportError } from '@offhook/core';
import { type Runtime, sendCommand } from '@offhook/runtime';
import { type ControlReply, type ControlRequest, prepareFolder, readLines } from './control-protocol.ts';

/** Serves the commands of the bus on a local socket that only its owner may open. */
export interface ControlServer {
  readonly path: string;
  stop(): Promise<void>;
}

/** A socket file that nobody serves is left over from a killed process. */
function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.on('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.on('error', () => resolve(false));
  });
}

async function answer(runtime: Runtime, { id, line, command, args = {} }: ControlRequest): Promise<ControlReply> {
  try {
    const value =
      line === undefined
        ? await sendCommand(runtime.bus, runtime.subjects.control, { command, args })
        : await runtime.command(line, command, args);
    return { id, ok: true, value };
  } catch (error) {
    const code = error instanceof PhoneError ? error.code : 'E_COMMAND_INVALID';
    return { id, ok: false, code, message: error instanceof Error ? error.message : String(error) };
  }
}

function serve(runtime: Runtime, socket: Socket): void {
  const send = (reply: ControlReply): void => void (socket.writable && socket.write(`${JSON.stringify(reply)}\n`));
  socket.on('error', () => socket.destroy());
  readLines(socket, (text) => {
    let request: ControlRequest;
    try {
      request = JSON.parse(text) as ControlRequest;
    } catch {
      return send({ id: 0, ok: false, code: 'E_COMMAND_INVALID', message: 'A request is one line of JSON.' });
    }
    if (request.command !== 'events') return void answer(runtime, request).then(send);
    const facts = runtime.onFact((fact) => send({ id: request.id, fact }));
    socket.on('close', () => facts.unsubscribe());
    send({ id: request.id, ok: true, value: null });
  });
}

/** @throws TransportError (rejects) `E_TRANSPORT_IN_USE` another runner serves this path; `E_TRANSPORT_BIND` */
export async function startControl(runtime: Runtime, path: string): Promise<ControlServer> {
  prepareFolder(path);
  if (await isServed(path)) {
    throw new TransportError(
      'E_TRANSPORT_IN_USE',
      `Control socket ${path} is served by another runner. Stop it, or set control.socket.`,
    );
  }
  rmSync(path, { force: true });
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    serve(runtime, socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(new TransportError('E_TRANSPORT_BIND', `Cannot serve control socket ${path}: ${cause.message}`, { cause })),
    );
    server.listen(path, resolve);
  });
  chmodSync(path, 0o600);
  return {
    path,
    stop() {
      for (const socket of open) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
