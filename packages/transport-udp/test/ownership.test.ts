import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { afterEach, describe, expect, it } from 'vitest';
import { openRawSocket } from './support/raw-socket.ts';
import { openTo, type Station, startStation } from './support/station.ts';

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** Runs the transport in a process of its own on that address; what it prints. */
async function startElsewhere(host: string, port: number): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'offhook-udp-'));
  try {
    await build({
      configFile: false,
      logLevel: 'silent',
      ssr: { noExternal: true, resolve: { conditions: ['@offhook/source'] } },
      build: {
        ssr: fileURLToPath(new URL('support/start-once.ts', import.meta.url)),
        outDir: dir,
        rollupOptions: { output: { entryFileNames: 'main.mjs' } },
      },
    });
    const child = spawn(process.execPath, [join(dir, 'main.mjs'), host, String(port)], { stdio: ['ignore', 'pipe', 'inherit'] });
    let printed = '';
    child.stdout.on('data', (chunk) => {
      printed += chunk;
    });
    await once(child, 'close');
    return printed.trim();
  } finally {
    await rm(dir, { recursive: true });
  }
}

describe('ownership of the port', () => {
  const stations: Station[] = [];
  const start = async (...options: Parameters<typeof startStation>): Promise<Station> => {
    const station = await startStation(...options);
    stations.push(station);
    return station;
  };
  afterEach(async () => {
    for (const { transport } of stations.splice(0)) await transport.stop();
  });

  /** Sends datagrams from one peer with and one without a connected socket; all must arrive. */
  async function expectToHearEverything(station: Station): Promise<void> {
    const peers = [await openRawSocket('127.0.0.1'), await openRawSocket('127.0.0.1')];
    await openTo(station, peers[0]?.local ?? station.at);
    const before = station.host.messages.length;
    for (let n = 0; n < 20; n++)
      for (const peer of peers) peer.send(text(`datagram ${n}`), { host: '127.0.0.1', port: station.at.port });
    await station.host.until(() => station.host.messages.length === before + 40);
    for (const peer of peers) await peer.close();
  }

  it('refuses a second start in another process, which takes no datagram', async () => {
    const station = await start();
    await expectToHearEverything(station);
    const printed = await startElsewhere('127.0.0.1', station.at.port);
    expect(printed).toBe(
      `E_TRANSPORT_IN_USE UDP 127.0.0.1:${station.at.port} is taken by another program; stop that program or choose another port (0 lets the system choose)`,
    );
    await expectToHearEverything(station);
  });

  it('starts in another process on a free port', async () => {
    const station = await start();
    await station.transport.stop();
    expect(await startElsewhere('127.0.0.1', station.at.port)).toBe(`started ${station.at.port}`);
  });

  it('refuses a wildcard over an address in use, and the other way round', async () => {
    const specific = await start();
    await expect(start({ host: '0.0.0.0', port: specific.at.port })).rejects.toMatchObject({ code: 'E_TRANSPORT_IN_USE' });
    const wildcard = await start({ host: '0.0.0.0' });
    await expect(start({ port: wildcard.at.port })).rejects.toMatchObject({ code: 'E_TRANSPORT_IN_USE' });
    await expectToHearEverything(specific);
    await expectToHearEverything(wildcard);
  });

  it('refuses a port that a plain program holds', async () => {
    const other = createSocket('udp4');
    other.bind(0, '127.0.0.1');
    await once(other, 'listening');
    await expect(start({ port: other.address().port })).rejects.toMatchObject({ code: 'E_TRANSPORT_IN_USE' });
    other.close();
  });

  it('says what to do when the address is not of this machine', async () => {
    await expect(start({ host: '192.0.2.1' })).rejects.toMatchObject({
      code: 'E_TRANSPORT_BIND',
      message: 'UDP 192.0.2.1:0: this machine has no such address; choose one of its own, or 0.0.0.0 or ::',
    });
  });

  it('names the real local address of a flow on a wildcard', async () => {
    const station = await start({ host: '0.0.0.0' });
    const peer = await openRawSocket('127.0.0.1');
    const { flow, local } = await openTo(station, peer.local);
    expect(local).toEqual({ host: '127.0.0.1', port: station.at.port });
    station.transport.send(flow, text('hello'));
    await peer.hears(1);
    expect(peer.heard[0]?.from).toEqual(local);
    await peer.close();
  });

  it('opens nothing in another address family', async () => {
    const station = await start();
    await expect(openTo(station, { host: '::1', port: 5060 })).rejects.toMatchObject({ code: 'E_TRANSPORT_UNREACHABLE' });
  });
});
