import type { Ambient, Endpoint, Transport } from '@offhook/core';
import { HostRecorder } from '@offhook/core/testkit';
import {
  createTcpTransport,
  createTlsTransport,
  type StreamTransportOptions,
  type TlsTransportOptions,
} from '../../src/index.ts';
import { createRealAmbient } from './real-ambient.ts';
import { authority } from './tls-stream.ts';

export interface Station {
  readonly transport: Transport;
  readonly host: HostRecorder;
  readonly at: Endpoint;
}

/** A started transport that remembers what it reported. */
export async function startStation(
  options: StreamTransportOptions = {},
  ambient: Ambient = createRealAmbient(),
): Promise<Station> {
  return startTransport(createTcpTransport({ listen: { host: '127.0.0.1', port: 0 }, ...options }, ambient));
}

/** The same over TLS, which listens only when told to. */
export async function startTlsStation(
  { tls, ...options }: TlsTransportOptions = {},
  ambient: Ambient = createRealAmbient(),
): Promise<Station> {
  return startTransport(createTlsTransport({ ...options, tls: { ca: [authority.cert], ...tls } }, ambient));
}

/** Starts any transport. */
export async function startTransport(transport: Transport): Promise<Station> {
  const host = new HostRecorder();
  const [at = { host: '127.0.0.1', port: 0 }] = await transport.start(host);
  return { transport, host, at };
}

export const openTo = ({ transport }: Station, remote: Endpoint, owner = 'line/primary', timeoutMs = 5_000) =>
  transport.open({ remote, owner, timeoutMs });
