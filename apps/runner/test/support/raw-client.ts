import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

/** A client of the control socket that may send anything. */
export interface RawClient {
  readonly socket: Socket;
  send(text: string): void;
  /** The next answer; undefined once the other side has ended. */
  next(): Promise<Readonly<Record<string, unknown>> | undefined>;
  close(): void;
}

export async function connectRaw(path: string): Promise<RawClient> {
  const socket = connect({ path, allowHalfOpen: true });
  await once(socket, 'connect');
  socket.on('error', () => {});
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();
  return {
    socket,
    send: (text) => void socket.write(text),
    async next() {
      const { value, done } = await lines.next();
      return done ? undefined : (JSON.parse(value) as Readonly<Record<string, unknown>>);
    },
    close: () => socket.destroy(),
  };
}
