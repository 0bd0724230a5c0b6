import type { Endpoint, Transport } from '@offhook/core';
import { HostRecorder } from '@offhook/core/testkit';
import { createUdpTransport, type UdpTransportOptions } from '../../src/index.ts';
import { createRealAmbient } from './real-ambient.ts';

export interface Station {
  readonly transport: Transport;
  readonly host: HostRecorder;
  readonly at: Endpoint;
}

/** A started transport that remembers what it reported. */
export async function startStation(options: Partial<UdpTransportOptions> = {}): Promise<Station> {
  const transport = createUdpTransport({ host: '127.0.0.1', port: 0, ...options }, createRealAmbient());
  const host = new HostRecorder();
  const [at] = await transport.start(host);
  if (at === undefined) throw new Error('start named no address');
  return { transport, host, at };
}

export const openTo = ({ transport }: Station, remote: Endpoint) =>
  transport.open({ remote, owner: 'line/primary', timeoutMs: 1_000 });
