import { lstatSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { isAbsolute } from 'node:path';
import { CommandError, ConfigError, PhoneError, TransportError } from '@offhook/core';
import { type Runtime, sendCommand } from '@offhook/runtime';
import {
  type ControlReply,
  type ControlRequest,
  LineTooLongError,
  longestRequest,
  parseRequest,
  readLines,
} from './control-protocol.ts';
import type { Reload } from './reload.ts';
import { prepareFolder } from './socket-path.ts';

/** Serves the commands of the bus on a local socket that only its owner may open. */
export interface ControlServer {
  readonly path: string;
  /** Answers from now on; who connected before has waited. */
  serve(runtime: Runtime, reload?: Reload): void;
  stop(): Promise<void>;
}

/** A client that asks for more than it reads is not read from until it has. */
const mostInFlight = 64;
const mostUnsentBytes = 1_048_576;
const mostConnections = 100;

/** Admits requests one by one while answers leave. */
function createGate(socket: Socket) {
  let inFlight = 0;
  const waiting = new Set<() => void>();
  const wake = (): void => {
    for (const resolve of [...waiting]) resolve();
    waiting.clear();
  };
  const until = async (isReady: () => boolean): Promise<void> => {
    while (!isReady() && !socket.destroyed) await new Promise<void>((resolve) => waiting.add(resolve));
  };
  socket.on('drain', wake);
  socket.on('close', wake);
  return {
    async enter(): Promise<void> {
      await until(() => inFlight < mostInFlight && socket.writableLength <= mostUnsentBytes);
      inFlight += 1;
    },
    leave(): void {
      inFlight -= 1;
      wake();
    },
    empty: (): Promise<void> => until(() => inFlight === 0),
  };
}

/** What a control socket serves. */
interface Served {
  readonly runtime: Runtime;
  readonly reload: Reload;
}

const nothingToRead: Reload = async () => {
  throw new CommandError('E_COMMAND_INVALID', 'This runner has no configuration file to read again.');
};

function fileArgument(file: unknown): string | undefined {
  if (file === undefined || (typeof file === 'string' && isAbsolute(file))) return file;
  throw new CommandError('E_COMMAND_INVALID', `Argument "file" is ${JSON.stringify(file)}; an absolute path is needed.`);
}

async function carryOut({ runtime, reload }: Served, { line, command, args = {} }: ControlRequest): Promise<unknown> {
  if (line !== undefined) return runtime.command(line, command, args);
  // Answered here: the status of many lines is longer than a message of the bus may be.
  if (command === 'lines') return runtime.lines();
  if (command === 'counters') return runtime.counters();
  if (command === 'reload') return reload(fileArgument(args.file));
  return sendCommand(runtime.bus, runtime.subjects.control, { command, args });
}

async function answer(served: Served, request: ControlRequest): Promise<ControlReply> {
  const { id } = request;
  try {
    return { id, ok: true, value: await carryOut(served, request) };
  } catch (error) {
    const code = error instanceof PhoneError ? error.code : 'E_COMMAND_INVALID';
    const findings = error instanceof ConfigError && error.findings.length > 0 ? { findings: error.findings } : {};
    return { id, ok: false, code, message: error instanceof Error ? error.message : String(error), ...findings };
  }
}

const send = (socket: Socket, reply: ControlReply): void => void (socket.writable && socket.write(`${JSON.stringify(reply)}\n`));

/** Facts to one client; a client that does not read loses some and is told how many. */
function stream(runtime: Runtime, socket: Socket, id: number): void {
  if (socket.destroyed) return;
  let missed = 0;
  const facts = runtime.onFact((fact) => {
    if (socket.writableLength > mostUnsentBytes) {
      missed += 1;
      return;
    }
    if (missed > 0) send(socket, { id, missed });
    missed = 0;
    send(socket, { id, fact });
  });
  socket.on('close', () => facts.unsubscribe());
}

async function converse(served: Served, socket: Socket): Promise<void> {
  const gate = createGate(socket);
  let streaming = false;
  socket.setEncoding('utf8');
  for await (const text of readLines(socket.iterator({ destroyOnReturn: false }), longestRequest)) {
    const parsed = parseRequest(text);
    await gate.enter();
    if ('refused' in parsed) send(socket, parsed.refused);
    else if (parsed.request.command === 'events') {
      if (!streaming) stream(served.runtime, socket, parsed.request.id);
      streaming = true;
      send(socket, { id: parsed.request.id, ok: true, value: null });
    } else {
      void answer(served, parsed.request).then((reply) => {
        send(socket, reply);
        gate.leave();
      });
      continue;
    }
    gate.leave();
  }
  await gate.empty();
  socket.end();
}

function attend(served: Served, socket: Socket): void {
  converse(served, socket).catch((error: unknown) => {
    if (!(error instanceof LineTooLongError)) return socket.destroy();
    const message = `A request may have ${longestRequest} characters; this one is longer. The connection is closed.`;
    send(socket, { id: 0, ok: false, code: 'E_COMMAND_INVALID', message });
    socket.destroySoon();
  });
}

/** A socket file that nobody serves is left over from a killed process. */
function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.on('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.on('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'ECONNREFUSED' && error.code !== 'ENOENT'));
  });
}

/** Binds for the owner alone: the file has its rights from the first moment. */
function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const before = process.umask(0o177);
    try {
      server.listen(path, () => {
        server.off('error', reject);
        resolve();
      });
    } finally {
      process.umask(before);
    }
  });
}

async function clearStale(path: string): Promise<void> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket()) {
    const message = `Control socket ${path} cannot be served: something else is there. Name another path with --socket.`;
    throw new TransportError('E_TRANSPORT_BIND', message);
  }
  if (await isServed(path)) {
    const message = `Control socket ${path} is served by another runner. Stop that one, or name another path with --socket.`;
    throw new TransportError('E_TRANSPORT_IN_USE', message);
  }
  rmSync(path, { force: true });
}

/** Binds the socket, answers nothing yet. @throws TransportError (rejects) `E_TRANSPORT_IN_USE` another runner serves this path; `E_TRANSPORT_BIND` */
export async function openControl(path: string): Promise<ControlServer> {
  prepareFolder(path);
  await clearStale(path);
  const open = new Set<Socket>();
  let serving: Served | undefined;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    open.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => open.delete(socket));
    if (serving !== undefined) attend(serving, socket);
  });
  server.maxConnections = mostConnections;
  await listen(server, path).catch((cause: Error) => {
    throw new TransportError('E_TRANSPORT_BIND', `Cannot serve control socket ${path}: ${cause.message}.`, { cause });
  });
  return {
    path,
    serve(runtime, reload = nothingToRead) {
      serving = { runtime, reload };
      for (const socket of open) attend(serving, socket);
    },
    stop() {
      for (const socket of open) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
