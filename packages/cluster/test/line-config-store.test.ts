import { createManualAmbient, createMemoryKeyValueServer } from '@offhook/core/testkit';
import { describe, expect, it } from 'vitest';
import { buckets, createLineConfigStore, type LineConfigDocument } from '../src/index.ts';

async function start() {
  const ambient = createManualAmbient();
  const config = await createMemoryKeyValueServer(ambient).client().bucket('config');
  const store = createLineConfigStore({ config, ambient });
  const now = async <T>(promise: Promise<T>): Promise<T> => {
    promise.catch(() => {});
    await ambient.settle();
    return promise;
  };
  return { ambient, config, store, now };
}

/** Text that does not pack well. */
const noise = (bytes: number): string => {
  const { random } = createManualAmbient({ seed: 7 });
  return Array.from({ length: bytes }, () => String.fromCharCode(33 + Math.floor(random() * 90))).join('');
};

describe('the configuration of a cluster', () => {
  it('is read as it was written', async () => {
    const { store, now } = await start();
    expect(await now(store.read())).toBeUndefined();
    const text = 'lines:\n  - userId: 1000 # Zoë, 電話\n';
    const revision = await now(store.write(text, 0));
    expect(await now(store.read())).toEqual({ text, revision });
  });

  it('is changed only by whoever has seen the latest', async () => {
    const { store, now } = await start();
    const first = await now(store.write('lines: []', 0));
    const second = await now(store.write('lines: [1]', first));
    await expect(now(store.write('lines: [2]', first))).rejects.toMatchObject({
      code: 'E_CLUSTER_CONFIG',
      message: expect.stringContaining(`revision ${first}`),
    });
    expect(await now(store.write('lines: [3]'))).toBeGreaterThan(second);
  });

  it('tells of each change, the present one first', async () => {
    const { ambient, store, now } = await start();
    await now(store.write('a'));
    const heard: LineConfigDocument[] = [];
    const watching = store.watch((document) => heard.push(document));
    await ambient.settle();
    await now(store.write('b'));
    watching.unsubscribe();
    await now(store.write('c'));
    expect(heard.map(({ text }) => text)).toEqual(['a', 'b']);
  });

  it('that is too large for one message is refused, with its size and what to do', async () => {
    const { store, now } = await start();
    await expect(now(store.write(noise(1_300_000)))).rejects.toMatchObject({
      code: 'E_CLUSTER_CONFIG',
      message: expect.stringMatching(/has 1270 KB, \d+ KB packed; expected at most 900 KB packed\. Use ranges/),
    });
    const entries = Array.from({ length: 50_000 }, (_, n) => `  - { userId: ${n}, proxy: registrar.example }\n`).join('');
    expect(await now(store.write(`lines:\n${entries}`))).toBeGreaterThan(0);
  });

  it('that is damaged says so where it is asked for, and changes nothing where it is watched', async () => {
    const { ambient, config, store, now } = await start();
    await now(config.put('lines', Buffer.from('no gzip')));
    await expect(now(store.read())).rejects.toMatchObject({ code: 'E_CLUSTER_CONFIG' });
    const heard: LineConfigDocument[] = [];
    store.watch((document) => heard.push(document));
    await ambient.settle();
    expect(heard).toEqual([]);
    expect(ambient.logged).toMatchObject([{ level: 'error', fields: { code: 'E_CLUSTER_CONFIG' } }]);
  });
});

describe('the buckets of a cluster', () => {
  it('carry its name', () => {
    expect(buckets('lab')).toEqual({
      ...{ members: 'offhook_lab_members', slots: 'offhook_lab_slots' },
      ...{ ledger: 'offhook_lab_ledger', config: 'offhook_lab_config' },
    });
  });

  it('have none for a cluster whose name cannot be part of one', () => {
    for (const name of ['', 'a.b', 'a b', 'a*', 'é', 'x'.repeat(65)]) expect(() => buckets(name)).toThrow(/expected 1 to 64/);
  });
});
