import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { parseRuntimeConfig } from '@offhook/core';
import { describe, expect, test } from 'vitest';
import { createRuntime } from '../src/index.ts';

/** Where a TCP line connects from, told by the server it connects to. */
async function localPortOf(phone: (free: number) => object): Promise<{ readonly port: number; readonly free: number }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => sockets.push(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const free = Math.min((probe.address() as AddressInfo).port, 65_000);
  probe.close();
  await once(probe, 'close');
  const proxy = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const connected = once(server, 'connection');
  const config = parseRuntimeConfig({
    edge: { listen: [{ protocol: 'tcp', host: '127.0.0.1', port: 0 }] },
    phone: phone(free),
    lines: [{ userId: '1001', sipTransport: 'TCP', proxy }],
  });
  const runtime = await createRuntime({ config });
  await connected;
  const port = sockets[0]?.remotePort ?? 0;
  await runtime.kill();
  for (const socket of sockets) socket.destroy();
  server.close();
  return { port, free };
}

/* Redundancy reference 3.2 and 3.4: SIP TCP Port Min and Max; design section 4. */
describe('local ports of TCP', () => {
  test('come from SIP TCP Port Min to Max when the range is set', async () => {
    const { port, free } = await localPortOf((from) => ({ sipTcpPortMin: from, sipTcpPortMax: from + 40 }));
    expect(port).toBeGreaterThanOrEqual(free);
    expect(port).toBeLessThanOrEqual(free + 40);
  });

  test('are the system’s choice otherwise', async () => {
    const { port } = await localPortOf(() => ({}));
    expect(port < 5060 || port > 5080).toBe(true);
  });
});
