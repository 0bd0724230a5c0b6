import { type ErrorCode, type FlowFailureReason, formatEndpoint, type ListenOptions, TransportError } from '@offhook/core';
import type { StreamFailure } from './stream-options.ts';

export const errnoOf = (error: unknown): string => (error as NodeJS.ErrnoException | undefined)?.code ?? 'unknown';

const failures: Readonly<Record<string, readonly [FlowFailureReason, string]>> = {
  ECONNREFUSED: ['refused', 'nobody listens there'],
  EHOSTUNREACH: ['unreachable', 'the host cannot be reached'],
  EHOSTDOWN: ['unreachable', 'the host is down'],
  ENETUNREACH: ['unreachable', 'no route to that network'],
  ENETDOWN: ['unreachable', 'the network interface is down'],
  EADDRNOTAVAIL: ['unreachable', 'the local address cannot connect there'],
  EAFNOSUPPORT: ['unreachable', 'this address family is not available'],
  EINVAL: ['rejected', 'the system does not take that address'],
  ETIMEDOUT: ['timeout', 'the peer no longer answers'],
  ECONNRESET: ['reset', 'the peer reset the connection'],
  ECONNABORTED: ['reset', 'the connection was aborted'],
  EPIPE: ['closed', 'the peer closed the connection'],
};

/** What a socket error says of its connection. */
export function readFailure(error: unknown): StreamFailure {
  const code = errnoOf(error);
  const [reason, detail] = failures[code] ?? ['error', 'the connection failed'];
  return { reason, detail: `${detail} (${code})` };
}

const codes: Readonly<Partial<Record<FlowFailureReason, ErrorCode>>> = {
  unreachable: 'E_TRANSPORT_UNREACHABLE',
  timeout: 'E_TRANSPORT_TIMEOUT',
  rejected: 'E_TRANSPORT_REJECTED',
  closed: 'E_TRANSPORT_CLOSED',
};

/** Why a connection did not come about. A reset or anything unnamed before it stands is a refusal. */
export function dialError(error: unknown, where: string, read: (error: unknown) => StreamFailure): TransportError {
  if (error instanceof TransportError) return error;
  const { reason, detail } = read(error);
  return new TransportError(codes[reason] ?? 'E_TRANSPORT_REFUSED', `${where}: ${detail}`, { cause: error });
}

/** Why listening failed, with what to do about it. */
export function listenError(cause: unknown, listen: ListenOptions, protocol: string): TransportError {
  const where = `${protocol.toUpperCase()} ${formatEndpoint(listen)}`;
  switch (errnoOf(cause)) {
    case 'EADDRINUSE':
      return new TransportError(
        'E_TRANSPORT_IN_USE',
        `${where} is taken by another program; stop that program or choose another port (0 lets the system choose)`,
        { cause },
      );
    case 'EADDRNOTAVAIL':
      return new TransportError(
        'E_TRANSPORT_BIND',
        `${where}: this machine has no such address; choose one of its own, or 0.0.0.0 or ::`,
        { cause },
      );
    case 'EACCES':
      return new TransportError('E_TRANSPORT_BIND', `${where}: the system forbids this port; choose one above 1023`, { cause });
    default:
      return new TransportError('E_TRANSPORT_BIND', `${where} cannot be bound: ${errnoOf(cause)}`, { cause });
  }
}
