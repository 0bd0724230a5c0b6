import { type KeyValues, systemAmbient } from '@offhook/core';
import { type KeyValueSubject, keyValueKit, runKit } from '@offhook/core/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openNatsKeyValues } from '../src/index.ts';
import { openWire } from './cut-wire.ts';
import { type Folder, makeFolder } from './nats-files.ts';
import { describeNats, type NatsServer, startNatsServer } from './nats-server.ts';
import { until, wait } from './open-bus.ts';

const ambient = systemAmbient();
const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** Buckets of one case, under names that no other case has. */
const apart = (values: KeyValues, prefix: string): KeyValues => ({ bucket: (name) => values.bucket(`${prefix}-${name}`) });

describeNats('NATS buckets', () => {
  let folder: Folder;
  let server: NatsServer;
  let cases = 0;
  beforeAll(async () => {
    folder = await makeFolder();
    server = await startNatsServer(['-js', '-sd', folder.path]);
  });
  afterAll(async () => {
    await server.stop();
    await folder.remove();
  });

  async function open(): Promise<KeyValueSubject> {
    const wire = await openWire(server.port);
    const prefix = `case${++cases}`;
    const mine = await openNatsKeyValues({ servers: wire.address, ambient });
    const others = await openNatsKeyValues({ servers: server.address, ambient });
    return {
      values: apart(mine, prefix),
      other: apart(others, prefix),
      lose: async () => wire.cut(),
      find: async () => wire.mend(),
      until: (condition) => until(ambient, condition),
      async close() {
        await Promise.all([mine.close(), others.close()]);
        await wire.close();
      },
    };
  }

  describe('kit', () => runKit(keyValueKit, (name, body) => it(name, body, 30_000), open));

  it('reads many keys at once and tells them to a watcher in order', async () => {
    const values = await openNatsKeyValues({ servers: server.address, ambient });
    const bucket = await values.bucket('many');
    const count = 5_000;
    for (let n = 0; n < count; n += 500)
      await Promise.all(Array.from({ length: 500 }, (_, i) => bucket.put(`k.${n + i}`, text('x'.repeat(300)))));
    expect(await bucket.entries('k.*')).toHaveLength(count);
    const revisions: number[] = [];
    let isReady = false;
    bucket.watch(
      '>',
      ({ revision }) => revisions.push(revision),
      () => {
        isReady = true;
      },
    );
    await until(ambient, () => isReady);
    expect(revisions).toHaveLength(count);
    expect(revisions).toEqual([...revisions].sort((a, b) => a - b));
    await values.close();
  }, 30_000);
});

describeNats('NATS buckets over a bad wire', () => {
  it('tells a watcher all that is left in the end, never backwards, however often the connection is lost', async () => {
    const folder = await makeFolder();
    const server = await startNatsServer(['-js', '-sd', folder.path]);
    const wire = await openWire(server.port);
    const [watcher, writer] = await Promise.all(
      [wire.address, server.address].map((servers) => openNatsKeyValues({ servers, ambient })),
    );
    if (watcher === undefined || writer === undefined) return expect.unreachable();
    const [watched, written] = [await watcher.bucket('b'), await writer.bucket('b')];
    const view = new Map<string, number>();
    const revisions: number[] = [];
    watched.watch('k.*', ({ key, value, revision }) => {
      revisions.push(revision);
      if (value === undefined) view.delete(key);
      else view.set(key, revision);
    });
    for (let n = 0; n < 1_200; n++) {
      const key = `k.${(n * 7) % 40}`;
      if (n % 5 === 4) await written.delete(key);
      else await written.put(key, text(String(n)));
      if (n % 200 === 100) wire.cut();
      if (n % 200 === 120) wire.mend();
      await wait(ambient, 2);
    }
    const left = new Map((await written.entries('k.*')).map(({ key, revision }) => [key, revision]));
    await until(ambient, () => revisions.at(-1) === 1_200);
    expect(view).toEqual(left);
    expect(revisions).toEqual([...new Set(revisions)].sort((a, b) => a - b));
    await Promise.all([watcher.close(), writer.close()]);
    await wire.close();
    await server.stop();
    await folder.remove();
  }, 40_000);
});

describeNats('NATS buckets and a server that dies', () => {
  const started: { stop(): Promise<void> }[] = [];
  const folders: Folder[] = [];
  afterAll(async () => {
    await Promise.all(started.map((server) => server.stop()));
    await Promise.all(folders.map((folder) => folder.remove()));
  });

  async function start(path: string, port?: number): Promise<NatsServer> {
    const server = await startNatsServer(['-js', '-sd', path], port);
    started.push(server);
    return server;
  }

  async function newFolder(): Promise<Folder> {
    const folder = await makeFolder();
    folders.push(folder);
    return folder;
  }

  it.concurrent.each([3_000, 10_000])(
    'watches go on without a gap after kill -9 and %d ms',
    async (downMs) => {
      const folder = await newFolder();
      const server = await start(folder.path);
      const [watcher, writer] = await Promise.all([
        openNatsKeyValues({ servers: server.address, ambient }),
        openNatsKeyValues({ servers: server.address, ambient }),
      ]);
      const [watched, written] = [await watcher.bucket('b'), await writer.bucket('b')];
      const told: string[] = [];
      watched.watch('m.*', ({ key, value }) => told.push(`${key}=${value && new TextDecoder().decode(value)}`));
      const revision = await written.put('m.1', text('before'));
      await written.put('m.2', text('before'));
      await until(ambient, () => told.length === 2);
      await server.stop();
      const startMs = ambient.now();
      await expect(written.put('m.1', text('lost'), revision)).rejects.toMatchObject({
        code: 'E_KV_UNAVAILABLE',
        message: 'the connection to nats-server is lost; start it, or look at the network',
      });
      expect(ambient.now() - startMs).toBeLessThan(1_500);
      await wait(ambient, downMs);
      await start(folder.path, server.port);
      let next: number | undefined;
      while (next === undefined) next = await written.put('m.1', text('after'), revision).catch(() => undefined);
      await written.delete('m.2');
      await until(ambient, () => told.includes('m.2=undefined'));
      // A server that started again may have lost what its disk had not taken: all is told again.
      const before = ['m.1=before', 'm.2=before'];
      expect([before.join(), before.slice(1).join(), '']).toContain(told.slice(2, -2).join());
      expect([...told.slice(0, 2), ...told.slice(-2)]).toEqual([...before, 'm.1=after', 'm.2=undefined']);
      await Promise.all([watcher.close(), writer.close()]);
    },
    40_000,
  );

  it('makes a bucket again that was lost with its disk, and tells watchers of the new one', async () => {
    const [first, second] = [await newFolder(), await newFolder()];
    const server = await start(first.path);
    const values = await openNatsKeyValues({ servers: server.address, ambient });
    const bucket = await values.bucket('b');
    for (const value of ['1', '2', '3']) await bucket.put('a', text(value));
    const told: string[] = [];
    bucket.watch('>', ({ value }) => told.push(value === undefined ? '-' : new TextDecoder().decode(value)));
    await until(ambient, () => told.length === 1);
    await server.stop();
    await start(second.path, server.port);
    let revision: number | undefined;
    while (revision === undefined) revision = await bucket.put('a', text('new'), 0).catch(() => undefined);
    expect(revision).toBe(1);
    await until(ambient, () => told.includes('new'));
    expect(told).toEqual(['3', 'new']);
    await values.close();
  }, 30_000);

  it('says what to do where JetStream is off, or a cluster is asked for that is none', async () => {
    const plain = await startNatsServer();
    started.push(plain);
    const values = await openNatsKeyValues({ servers: plain.address, ambient });
    await expect(values.bucket('b')).rejects.toMatchObject({
      code: 'E_KV_UNAVAILABLE',
      message: 'JetStream does not answer at this nats-server; start it with -js -sd DIR',
    });
    await values.close();
    const single = await start((await newFolder()).path);
    const three = await openNatsKeyValues({ servers: single.address, ambient, replicas: 3 });
    await expect(three.bucket('b')).rejects.toMatchObject({
      code: 'E_KV_UNAVAILABLE',
      message: expect.stringContaining('this nats-server is no cluster: ask for 1 replica'),
    });
    await three.close();
  }, 20_000);

  it('says so when the disk is full', async () => {
    const folder = await newFolder();
    const config = await folder.write('nats.conf', `jetstream { store_dir: "${folder.path}", max_file: 200K, max_mem: 1M }\n`);
    const server = await startNatsServer(['-c', config]);
    started.push(server);
    const values = await openNatsKeyValues({ servers: server.address, ambient });
    const bucket = await values.bucket('b');
    const fill = async (): Promise<void> => {
      for (let n = 0; n < 40; n++) await bucket.put(`k.${n}`, new Uint8Array(10_000));
    };
    await expect(fill()).rejects.toMatchObject({
      code: 'E_KV_UNAVAILABLE',
      message: expect.stringMatching(/^JetStream refuses: .*; free its disk or raise /),
    });
    await values.close();
  }, 20_000);
});
