import { Kvm } from '@nats-io/kv';
import { type KeyValueChange, systemAmbient } from '@offhook/core';
import { connect, type NatsConnection } from 'nats';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type NatsKeyValues, openNatsKeyValues } from '../src/index.ts';
import { type Folder, makeFolder } from './nats-files.ts';
import { describeNats, type NatsServer, startNatsServer } from './nats-server.ts';
import { until } from './open-bus.ts';

const ambient = systemAmbient();
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const shown = ({ key, value }: KeyValueChange): string => `${key}=${value === undefined ? '-' : new TextDecoder().decode(value)}`;

describeNats('our buckets and those of the NATS client', () => {
  let folder: Folder;
  let server: NatsServer;
  let connection: NatsConnection;
  let values: NatsKeyValues;
  beforeAll(async () => {
    folder = await makeFolder();
    server = await startNatsServer(['-js', '-sd', folder.path]);
    connection = await connect({ servers: server.address });
    values = await openNatsKeyValues({ servers: server.address, ambient });
  });
  afterAll(async () => {
    await Promise.all([connection.close(), values.close()]);
    await server.stop();
    await folder.remove();
  });

  it('are the same: one writes, the other reads, with the same revisions and conflicts', async () => {
    const ours = await values.bucket('ours');
    const theirs = await new Kvm(connection).open('ours');
    const first = await ours.put('a.b', text('1'), 0);
    expect(await theirs.get('a.b')).toMatchObject({ key: 'a.b', revision: first, operation: 'PUT' });
    await expect(theirs.create('a.b', '2')).rejects.toMatchObject({ code: 10_071 });
    const second = await theirs.update('a.b', '2', first);
    expect(await ours.get('a.b')).toEqual({ key: 'a.b', value: text('2'), revision: second });
    await expect(ours.put('a.b', text('3'), first)).rejects.toMatchObject({ code: 'E_KV_CONFLICT' });
    await ours.delete('a.b', second);
    expect(await theirs.get('a.b')).toMatchObject({ operation: 'DEL' });
    await theirs.create('a.b', '4');
    await theirs.purge('a.b');
    expect(await ours.get('a.b')).toBeUndefined();
    await ours.put('a.b', text('5'), 0);
    expect((await theirs.get('a.b'))?.string()).toBe('5');
    expect(await theirs.status()).toMatchObject({ history: 1, storage: 'file', replicas: 1, ttl: 0 });
  });

  it('watch alike, and take a bucket as the other made it', async () => {
    const theirs = await new Kvm(connection).create('theirs', { history: 5 });
    await theirs.put('k.1', 'old');
    await theirs.put('k.1', 'new');
    await theirs.put('k.2', 'gone');
    await theirs.delete('k.2');
    const ours = await values.bucket('theirs');
    expect((await ours.entries('>')).map(({ key }) => key)).toEqual(['k.1']);
    const told: string[] = [];
    ours.watch(
      'k.*',
      (change) => told.push(shown(change)),
      () => told.push('ready'),
    );
    await until(ambient, () => told.includes('ready'));
    await theirs.put('k.3', 'more');
    await theirs.purge('k.1');
    await until(ambient, () => told.length >= 4);
    expect(told).toEqual(['k.1=new', 'ready', 'k.3=more', 'k.1=-']);
  });
});
