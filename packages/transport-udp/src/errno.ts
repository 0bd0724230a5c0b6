import type { ErrorCode, FlowFailureReason } from '@offhook/core';

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException | undefined)?.code ?? 'unknown';

const failures: Readonly<Record<string, readonly [FlowFailureReason, string]>> = {
  ECONNREFUSED: ['refused', 'nobody listens there (ICMP port unreachable)'],
  EHOSTUNREACH: ['unreachable', 'the host cannot be reached'],
  EHOSTDOWN: ['unreachable', 'the host is down'],
  ENETUNREACH: ['unreachable', 'no route to that network'],
  ENETDOWN: ['unreachable', 'the network interface is down'],
  ENOPROTOOPT: ['unreachable', 'the host does not speak UDP'],
  EADDRNOTAVAIL: ['unreachable', 'the local address cannot send there'],
  EAFNOSUPPORT: ['unreachable', 'this address family is not available'],
  EACCES: ['rejected', 'the system forbids sending to that address'],
  EINVAL: ['rejected', 'the system does not take that address'],
  EMSGSIZE: ['rejected', 'the message does not fit into one datagram'],
};

/**
 * What a socket error says of a flow; undefined when it says nothing. A datagram that a full buffer or a local firewall swallowed
 * (`ENOBUFS`, `EAGAIN`, `EPERM`) is a lost datagram like any other: retransmission deals with it.
 * @source design decision D-18
 */
export function readFailure(error: unknown): { readonly reason: FlowFailureReason; readonly detail: string } | undefined {
  const code = codeOf(error);
  const known = failures[code];
  return known === undefined ? undefined : { reason: known[0], detail: `${known[1]} (${code})` };
}

/** Why a bind failed, with what to do about it. */
export function readBindError(error: unknown, where: string): { readonly code: ErrorCode; readonly message: string } {
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return {
        code: 'E_TRANSPORT_IN_USE',
        message: `UDP ${where} is taken by another program; stop that program or choose another port (0 lets the system choose)`,
      };
    case 'EADDRNOTAVAIL':
      return {
        code: 'E_TRANSPORT_BIND',
        message: `UDP ${where}: this machine has no such address; choose one of its own, or 0.0.0.0 or ::`,
      };
    case 'EACCES':
      return { code: 'E_TRANSPORT_BIND', message: `UDP ${where}: the system forbids this port; choose one above 1023` };
    default:
      return { code: 'E_TRANSPORT_BIND', message: `UDP ${where} cannot be bound: ${codeOf(error)}` };
  }
}
