import type { Ambient, Endpoint, Transport } from '@offhook/core';
import { HostRecorder } from '@offhook/core/testkit';
import { createTcpTransport, type StreamTransportOptions } from '../../src/index.ts';
import { createRealAmbient } from './real-ambient.ts';

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
  const transport = createTcpTransport({ listen: { host: '127.0.0.1', port: 0 }, ...options }, ambient);
  const host = new HostRecorder();
  const [at = { host: '127.0.0.1', port: 0 }] = await transport.start(host);
  return { transport, host, at };
}

export const openTo = ({ transport }: Station, remote: Endpoint, owner = 'line/primary', timeoutMs = 1_000) =>
  transport.open({ remote, owner, timeoutMs });
