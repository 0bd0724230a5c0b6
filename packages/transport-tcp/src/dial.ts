import type { Socket } from 'node:net';
import { type Ambient, formatEndpoint, type OpenRequest, TransportError } from '@offhook/core';
import { dialError, errnoOf } from './errno.ts';
import type { LocalPorts } from './local-ports.ts';
import type { StreamWiring } from './stream-options.ts';

/** A connection attempt under way. */
export interface Dial {
  readonly socket: Promise<{ readonly socket: Socket; readonly localPort: number | undefined }>;
  /** Gives up: `socket` rejects with the error. */
  cancel(error: TransportError): void;
}

export interface DialContext {
  readonly wiring: StreamWiring;
  readonly ambient: Ambient;
  readonly ports: LocalPorts;
  readonly localHost: string | undefined;
}

const portTaken = new Set(['EADDRINUSE', 'EADDRNOTAVAIL']);

/**
 * Connects within `request.timeoutMs`, over all local ports tried. The port of the result is taken; the caller releases it.
 * @throws TransportError (rejects) as `Transport.open` says
 */
export function dial(context: DialContext, request: OpenRequest): Dial {
  const { wiring, ambient, ports } = context;
  const { remote, timeoutMs } = request;
  const where = `${wiring.manifest.protocol.toUpperCase()} ${formatEndpoint(remote)}`;
  let abort: (error: TransportError) => void = () => {};
  let under: Socket | undefined;
  let givenUp: TransportError | undefined;
  const cancel = (error: TransportError): void => {
    givenUp ??= error;
    abort(givenUp);
  };

  function attempt(localPort: number | undefined): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const { serverName, validateName = true } = request;
      const target = { remote, localHost: context.localHost, localPort, serverName, validateName };
      const socket = wiring.dial(target);
      under = socket;
      const fail = (error: unknown): void => {
        socket.destroy();
        reject(error);
      };
      abort = fail;
      // Stays: an error of a socket already given up must not end the process.
      socket.on('error', fail);
      socket.once('close', () => fail(new TransportError('E_TRANSPORT_REFUSED', `${where}: closed as soon as it was connected`)));
      socket.once(wiring.readyEvent, () => {
        abort = () => {};
        try {
          wiring.admit?.(socket, target);
        } catch (error) {
          return fail(error);
        }
        resolve(socket);
      });
    });
  }

  async function connect(): Promise<{ socket: Socket; localPort: number | undefined }> {
    for (const localPort of ports.candidates(remote)) {
      if (givenUp !== undefined) throw givenUp;
      ports.take(remote, localPort);
      try {
        return { socket: await attempt(localPort), localPort };
      } catch (error) {
        ports.release(remote, localPort);
        if (localPort === undefined || !portTaken.has(errnoOf(error))) throw dialError(error, where, wiring.readFailure);
      }
    }
    throw new TransportError(
      'E_TRANSPORT_REJECTED',
      `${where}: every local port of the configured range is in use; widen SIP TCP Port Min and Max`,
    );
  }

  const timer = ambient.setTimer(() => {
    const missing = (under && wiring.overdue?.(under)) ?? 'no answer';
    cancel(new TransportError('E_TRANSPORT_TIMEOUT', `${where}: ${missing} within ${timeoutMs} ms`));
  }, timeoutMs);
  return { socket: connect().finally(() => ambient.clearTimer(timer)), cancel };
}
