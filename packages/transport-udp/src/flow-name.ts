import { asFlow, type Endpoint, type Flow, formatEndpoint, readEndpoint } from '@offhook/core';

/**
 * A datagram flow is its own name: bound address and remote. Nothing is remembered per remote, so that strangers cost no memory
 * and a line that moved to another host goes on using the flow it knows.
 */
export const nameFlow = (bound: Endpoint, remote: Endpoint): Flow =>
  asFlow(`udp:${formatEndpoint(bound)}>${formatEndpoint(remote)}`);

/** The remote of a flow of this bound address; undefined for any other text. */
export function readFlow(bound: Endpoint, flow: Flow): Endpoint | undefined {
  const prefix = `udp:${formatEndpoint(bound)}>`;
  return flow.startsWith(prefix) ? readEndpoint(flow.slice(prefix.length)) : undefined;
}
