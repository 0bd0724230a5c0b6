import { type BusError, systemAmbient } from '@offhook/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ConnectionOptions, connectCluster, createNatsBus, openNatsKeyValues } from '../src/index.ts';
import { makeCertificates, nkeyMode, operatorMode } from './identities.ts';
import { type Folder, makeFolder } from './nats-files.ts';
import { describeNats, type NatsServer, startNatsServer } from './nats-server.ts';
import { recordLog, until } from './open-bus.ts';

type Options = Omit<ConnectionOptions, 'ambient' | 'servers'>;

let folder: Folder;
beforeAll(async () => {
  folder = await makeFolder();
});
afterAll(() => folder.remove());

/** A server with that configuration while `use` runs. */
async function withServer(config: string, use: (server: NatsServer) => Promise<void>): Promise<void> {
  const server = await startNatsServer(['-c', await folder.write('nats.conf', config)]);
  try {
    await use(server);
  } finally {
    await server.stop();
  }
}

const connect = (servers: string, options: Options) => createNatsBus({ ...options, servers, ambient: systemAmbient() });

async function goes(servers: string, options: Options): Promise<void> {
  const bus = await connect(servers, options);
  await bus.flush();
  expect(bus.status().state).toBe('connected');
  await bus.drain();
}

/** The message of the refusal: whatever was given is not in it. */
async function refusal(servers: string, options: Options): Promise<string> {
  const error = await connect(servers, options).then(
    () => expect.unreachable('connected'),
    (reason: BusError) => reason,
  );
  expect(error.code).toBe('E_BUS_CONNECT');
  for (const secret of Object.values(options)) if (typeof secret === 'string') expect(error.message).not.toContain(secret);
  return error.message;
}

describeNats('NATS credentials', () => {
  it('connects with the text of a .creds file', async () => {
    const { config, creds } = operatorMode();
    await withServer(config, async ({ address }) => {
      await goes(address, { creds });
      expect(await refusal(address, {})).toContain('not authorized');
      expect(await refusal(address, { creds: operatorMode().creds })).toContain(
        'not authorized; check user, password, token, creds',
      );
    });
  });

  it('connects with the seed of an nkey', async () => {
    const { config, seed } = nkeyMode();
    await withServer(config, async ({ address }) => {
      await goes(address, { nkey: `${seed}\n` });
      expect(await refusal(address, { nkey: nkeyMode().seed })).toContain('not authorized');
    });
  });

  it('connects with a token', async () => {
    await withServer('authorization { token: "s3cr3t" }\n', async ({ address }) => {
      await goes(address, { token: 's3cr3t' });
      await goes(`nats://s3cr3t@${address}`, {});
      expect(await refusal(address, { token: 'wrong' })).toContain('not authorized');
    });
  });

  it('carries all connections of a cluster, and comes back after a restart with them', async () => {
    const { config, seed } = nkeyMode();
    const ambient = systemAmbient();
    const path = await folder.write('again.conf', `jetstream { store_dir: "${folder.path}/js" }\n${config}`);
    const server = await startNatsServer(['-c', path]);
    const cluster = await connectCluster({ servers: server.address, ambient, nkey: seed });
    const values = await openNatsKeyValues({ servers: server.address, ambient, nkey: seed });
    await values.bucket('b');
    await server.stop();
    await until(ambient, () => cluster.bus.status().state === 'reconnecting');
    const again = await startNatsServer(['-c', path], server.port);
    await until(ambient, () => cluster.bus.status().state === 'connected' && cluster.control.status().state === 'connected');
    await cluster.values.bucket('b');
    await Promise.all([cluster.close(), values.close()]);
    await again.stop();
  }, 20_000);

  it('does not give up while the server refuses it for a time', async () => {
    const { log, lines } = recordLog();
    const ambient = systemAmbient({ log });
    const [right, wrong] = [nkeyMode(), nkeyMode()];
    const server = await startNatsServer(['-c', await folder.write('right.conf', right.config)]);
    const bus = await createNatsBus({ servers: server.address, ambient, nkey: right.seed });
    await server.stop();
    const other = await startNatsServer(['-c', await folder.write('wrong.conf', wrong.config)], server.port);
    await until(ambient, () => lines.filter((line) => line === 'error: bus server complains').length >= 3);
    await other.stop();
    const again = await startNatsServer(['-c', `${folder.path}/right.conf`], server.port);
    await until(ambient, () => bus.status().state === 'connected');
    await bus.drain();
    await again.stop();
  }, 20_000);
});

describeNats('NATS over TLS', () => {
  let files: Awaited<ReturnType<typeof makeCertificates>>;
  beforeAll(async () => {
    files = await makeCertificates(folder);
  });

  it('verifies the server with ca and shows cert and key', async () => {
    await withServer(files.config, async ({ port }) => {
      const tls = { ca: [files.ca], cert: files.cert, key: files.key };
      await goes(`tls://localhost:${port}`, { tls });
      await goes(`nats://localhost:${port}`, { tls });
      expect(await refusal(`tls://localhost:${port}`, { tls: { ...tls, ca: [files.stranger] } })).toMatch(
        /check ca, cert and key of bus.tls$/,
      );
      expect(await refusal(`tls://localhost:${port}`, { tls: { ca: [files.ca] } })).toContain('accepts cert and key of bus.tls');
    });
  });
});

describe('credentials that cannot be', () => {
  it.each<readonly [Options, string]>([
    [{ creds: 'no creds at all' }, 'the creds hold no JWT and seed of a user; give the whole .creds file as nsc writes it'],
    [{ nkey: 'SUNOSEED' }, 'the nkey is not the seed of a user; give the line that begins with SU'],
    [{ nkey: 'SUNOSEED', token: 's3cr3t' }, 'credentials of 2 kinds: nkey, token; expected one of them'],
  ])('%j: says so without repeating them', async (options, message) => {
    expect(await refusal('127.0.0.1:1', options)).toBe(message);
  });
});
