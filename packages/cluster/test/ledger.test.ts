import { asFlow, type CallFacts, type LegFacts, lineKey, slotOf } from '@offhook/core';
import { createManualAmbient, createMemoryKeyValueServer, type ManualAmbient, someFacts } from '@offhook/core/testkit';
import { describe, expect, it } from 'vitest';
import { createLedger, type Ledger } from '../src/index.ts';

/** Facts and calls in the bucket of a cluster. Names of lines are ids; 1000 and its slot stand for any. */

const line = '1000';
const slot = slotOf(lineKey(line));
const legKey = `l.${slot}.${lineKey(line)}.primary`;
/** A neighbour in the same slot. */
const neighbour = Array.from({ length: 10_000 }, (_, n) => `n${n}`).find((id) => slotOf(lineKey(id)) === slot) ?? 'no neighbour';

const dialog = (name: string): NonNullable<CallFacts['dialog']> => ({
  ...{ callId: `id-${name}`, localTag: 'l', remoteTag: 'r', localUri: 'sip:1@a', remoteUri: 'sip:2@a', remoteTarget: 'sip:2@b' },
  ...{ routeSet: ['<sip:p;lr>'], localSeq: 7 },
});

const call = (name: string, changed: Partial<CallFacts> = {}): CallFacts => ({
  ...{ call: name, direction: 'incoming', leg: 'primary', server: '192.0.2.1:5060;udp', edge: 'e', dialog: dialog(name) },
  ...{
    hop: {
      ...{ flow: asFlow('0/f'), protocol: 'udp', reliable: false },
      ...{ viaSentBy: '192.0.2.9:5060', contactHostPort: '192.0.2.9:5060', localHost: '192.0.2.9' },
    },
  },
  ...{ state: 'up', sessionId: 1, sdpVersion: 2 },
  ...changed,
});

interface Owner {
  readonly ledger: Ledger;
  readonly lost: number[];
  cut(): void;
  mend(): void;
  setEpoch(epoch: number | undefined): void;
}

function createBench() {
  const ambient = createManualAmbient();
  const server = createMemoryKeyValueServer(ambient);
  /** @param behindMs so far the clock of that host is behind the wall */
  async function own(epoch: number | undefined, behindMs = 0): Promise<Owner> {
    const client = server.client();
    let current = epoch;
    const lost: number[] = [];
    const ledger = createLedger({
      ...{
        ledger: await client.bucket('ledger'),
        ambient,
        wallNow: () => ambient.now() + behindMs,
        epochOf: () => current,
        onLost: (at: number) => void lost.push(at),
      },
    });
    return {
      ...{ ledger, lost, cut: () => client.cut(), mend: () => client.mend() },
      setEpoch(next) {
        current = next;
      },
    };
  }
  return { ambient, own, bucket: () => server.client().bucket('ledger') };
}

/** What a promise gives once virtual time has passed. */
async function after<T>(ambient: ManualAmbient, ms: number, promise: Promise<T>): Promise<T> {
  const settled = promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  await ambient.elapse(ms);
  const result = await settled;
  if ('error' in result) throw result.error;
  return result.value;
}

const primaryOf = async (ambient: ManualAmbient, { ledger }: Owner, of = line): Promise<LegFacts | undefined> =>
  (await after(ambient, 10, ledger.load(of))).primary;

describe('a slot that is opened', () => {
  it('is read once; then lines are answered from memory, also while nobody can be asked', async () => {
    const { ambient, own } = createBench();
    const first = await own(1);
    first.ledger.save(line, 'primary', someFacts(1));
    first.ledger.saveCall(line, 'c1', call('c1'));
    await ambient.elapse(100);
    const next = await own(2);
    await after(ambient, 10, next.ledger.openSlot(slot));
    next.cut();
    expect(await next.ledger.load(line)).toEqual({ primary: someFacts(1) });
    expect(await next.ledger.loadCalls(line)).toEqual([call('c1')]);
    expect(await next.ledger.load(neighbour)).toEqual({});
  });

  it('rejects when nobody answers, and can be opened again', async () => {
    const { ambient, own } = createBench();
    const owner = await own(1);
    owner.cut();
    await expect(after(ambient, 2_000, owner.ledger.openSlot(slot))).rejects.toMatchObject({ code: 'E_KV_UNAVAILABLE' });
    owner.mend();
    await after(ambient, 10, owner.ledger.openSlot(slot));
  });
});

describe('saves', () => {
  it('are written in groups within 100 ms, the latest of each leg once', async () => {
    const { ambient, own } = createBench();
    const { ledger } = await own(1);
    for (let n = 0; n < 20; n++) ledger.save(line, 'primary', someFacts(n));
    ledger.save(neighbour, 'alternate', someFacts(5));
    await ambient.elapse(100);
    expect(ledger.stats).toMatchObject({ writes: 2, waiting: 0 });
  });

  it('carry the epoch of their slot, as JSON that a human can read', async () => {
    const { ambient, own, bucket } = createBench();
    (await own(17)).ledger.save(line, 'primary', someFacts(1, { edge: 'e1', flow: 'f9' }));
    await ambient.elapse(100);
    const found = await after(ambient, 10, (await bucket()).get(legKey));
    const text = Buffer.from(found?.value ?? []).toString();
    expect(JSON.parse(text)).toEqual({ ...someFacts(1, { edge: 'e1', flow: 'f9' }), epoch: 17 });
  });

  it('wait while nobody answers, once per leg, and none is lost', async () => {
    const { ambient, own } = createBench();
    const owner = await own(1);
    await after(ambient, 10, owner.ledger.openSlot(slot));
    owner.cut();
    for (let n = 0; n < 50; n++) {
      owner.ledger.save(line, 'primary', someFacts(n));
      owner.ledger.saveCall(line, 'c1', call('c1', { sdpVersion: n }));
      await ambient.elapse(1_000);
    }
    expect(owner.ledger.stats.waiting).toBe(2);
    // At most one attempt in five seconds, after the first ones.
    expect(owner.ledger.stats.failures).toBeLessThan(15);
    expect(ambient.logged.filter(({ level }) => level === 'error')).toHaveLength(1);
    owner.mend();
    await ambient.elapse(6_000);
    expect(owner.ledger.stats.waiting).toBe(0);
    const next = await own(2);
    expect(await primaryOf(ambient, next)).toEqual(someFacts(49));
    expect(await after(ambient, 10, next.ledger.loadCalls(line))).toEqual([call('c1', { sdpVersion: 49 })]);
  });

  it('say that they are not durable when they are to be and nobody answers', async () => {
    const { ambient, own } = createBench();
    const owner = await own(1);
    owner.cut();
    owner.ledger.save(line, 'primary', someFacts(1));
    await expect(after(ambient, 3_000, owner.ledger.flush())).rejects.toMatchObject({ code: 'E_STORE_WRITE' });
    owner.mend();
    await after(ambient, 100, owner.ledger.flush());
    expect(owner.ledger.stats.waiting).toBe(0);
  });

  it('that come before their slot is read do not undo what is stored beside them', async () => {
    const { ambient, own } = createBench();
    (await own(1)).ledger.save(line, 'alternate', someFacts(1));
    await ambient.elapse(100);
    const next = await own(2);
    next.ledger.save(line, 'primary', someFacts(2));
    await ambient.elapse(100);
    expect(await after(ambient, 10, next.ledger.load(line))).toEqual({ primary: someFacts(2), alternate: someFacts(1) });
  });
});

describe('a conflict', () => {
  it('with an earlier epoch is written over', async () => {
    const { ambient, own } = createBench();
    const [zombie, owner] = [await own(1), await own(2)];
    for (const { ledger } of [zombie, owner]) await after(ambient, 10, ledger.openSlot(slot));
    zombie.ledger.save(line, 'primary', someFacts(1));
    await ambient.elapse(100);
    owner.ledger.save(line, 'primary', someFacts(2));
    await ambient.elapse(100);
    expect(await primaryOf(ambient, await own(3))).toEqual(someFacts(2));
    expect(owner.lost).toEqual([]);
  });

  it('with a later epoch drops the slot, says so once, and never writes to it again', async () => {
    const { ambient, own } = createBench();
    const [zombie, owner] = [await own(1), await own(2)];
    for (const { ledger } of [zombie, owner]) await after(ambient, 10, ledger.openSlot(slot));
    owner.ledger.save(line, 'primary', someFacts(2));
    await ambient.elapse(100);
    for (let n = 0; n < 5; n++) {
      zombie.ledger.save(line, 'primary', someFacts(n));
      zombie.ledger.save(neighbour, 'primary', someFacts(n));
      await ambient.elapse(100);
    }
    expect(zombie.lost).toEqual([slot]);
    expect(await primaryOf(ambient, await own(3))).toEqual(someFacts(2));
  });

  it('with our own write, whose answer was lost, is none', async () => {
    const { ambient, own, bucket } = createBench();
    const owner = await own(5);
    await after(ambient, 10, owner.ledger.openSlot(slot));
    await after(ambient, 10, (await bucket()).put(legKey, Buffer.from(JSON.stringify({ ...someFacts(1), epoch: 5 }))));
    owner.ledger.save(line, 'primary', someFacts(2));
    await ambient.elapse(100);
    expect(owner.lost).toEqual([]);
    expect(await primaryOf(ambient, await own(6))).toEqual(someFacts(2));
  });

  it('cannot come from whoever does not own the slot: it writes nothing', async () => {
    const { ambient, own } = createBench();
    const owner = await own(1);
    owner.ledger.save(line, 'primary', someFacts(1));
    owner.setEpoch(undefined);
    await ambient.elapse(100);
    expect(owner.ledger.stats).toMatchObject({ writes: 0, lost: 1, waiting: 0 });
  });
});

describe('instants', () => {
  it('mean the same to hosts whose clocks differ', async () => {
    const { ambient, own } = createBench();
    const [late, next] = [await own(1, 3_600_000), await own(2)];
    const facts = { ...someFacts(1), expiresAtMs: 1_000_000, refreshAtMs: 900_000 };
    late.ledger.save(line, 'primary', facts);
    await after(ambient, 200, late.ledger.flush());
    const loaded = await after(ambient, 100, next.ledger.load(line));
    expect(loaded.primary).toEqual({ ...facts, expiresAtMs: 4_600_000, refreshAtMs: 4_500_000 });
  });
});

describe('a record that cannot be used', () => {
  const whole = { ...someFacts(1), epoch: 1 };
  const { cseq: _, ...short } = whole;
  const records: readonly (readonly [string, string, string, string])[] = [
    ['is no JSON', legKey, 'garbage', 'not a JSON object'],
    ['is no object', legKey, '[1]', 'not a JSON object'],
    ['is empty', legKey, '', 'not a JSON object'],
    ['lacks a field', legKey, JSON.stringify(short), 'cseq'],
    ['has a text for a number', legKey, JSON.stringify({ ...whole, cseq: '1' }), 'cseq'],
    ['has no epoch', legKey, JSON.stringify(someFacts(1)), 'epoch'],
    ['has half an epoch', legKey, JSON.stringify({ ...whole, epoch: 0.5 }), 'epoch'],
    ['has a later epoch', legKey, JSON.stringify({ ...whole, epoch: 99 }), 'epoch 99 is above 2'],
    ['is of no leg', `l.${slot}.${lineKey(line)}.third`, JSON.stringify(whole), 'not named'],
    [
      'is no call',
      `c.${slot}.${lineKey(line)}.0`,
      JSON.stringify({ ...call('c1'), epoch: 1, dialog: { routeSet: 'none' } }),
      'dialog',
    ],
  ];
  for (const [fault, key, text, reason] of records) {
    it(`since it ${fault} is reported once and ignored; its line begins anew, its neighbours go on`, async () => {
      const { ambient, own, bucket } = createBench();
      (await own(1)).ledger.save(neighbour, 'primary', someFacts(7));
      await ambient.elapse(100);
      await after(ambient, 10, (await bucket()).put(key, Buffer.from(text)));
      const owner = await own(2);
      for (let time = 0; time < 2; time++) {
        expect(await after(ambient, 10, owner.ledger.load(line))).toEqual({});
        expect(await after(ambient, 10, owner.ledger.loadCalls(line))).toEqual([]);
        expect(await primaryOf(ambient, owner, neighbour)).toEqual(someFacts(7));
        await after(ambient, 10, owner.ledger.closeSlot(slot));
      }
      const reports = ambient.logged.filter(({ fields }) => 'reason' in fields);
      expect(reports).toMatchObject([{ level: 'warn', fields: { key, reason: expect.stringContaining(reason) } }]);
      expect(owner.ledger.stats.faults).toBe(1);
      owner.ledger.save(line, 'primary', someFacts(8));
      await ambient.elapse(100);
      expect(owner.lost).toEqual([]);
      expect(await primaryOf(ambient, await own(3))).toEqual(someFacts(8));
    });
  }
});

describe('calls', () => {
  it('are kept until they end, and a line leaves no more keys behind than it had calls at once', async () => {
    const { ambient, own, bucket } = createBench();
    const { ledger } = await own(1);
    await after(ambient, 10, ledger.openSlot(slot));
    for (let n = 0; n < 40; n++) {
      ledger.saveCall(line, `c${n}`, call(`c${n}`));
      ledger.saveCall(line, `c${n - 1}`, undefined);
      await ambient.elapse(60);
    }
    const next = await own(2);
    expect(await after(ambient, 10, next.ledger.loadCalls(line))).toEqual([call('c39')]);
    expect(await after(ambient, 10, (await bucket()).entries('c.>'))).toHaveLength(2);
  });

  it('are copied in and out', async () => {
    const { ambient, own } = createBench();
    const { ledger } = await own(1);
    const route = ['<sip:p;lr>'];
    ledger.saveCall(line, 'c1', call('c1', { dialog: { ...dialog('c1'), routeSet: route } }));
    route.push('<sip:q;lr>');
    const [loaded] = await after(ambient, 10, ledger.loadCalls(line));
    ((loaded?.dialog?.routeSet ?? []) as string[]).pop();
    expect(await after(ambient, 10, ledger.loadCalls(line))).toEqual([call('c1')]);
  });
});

describe('a slot that is closed', () => {
  it('is written first, and read again by whoever opens it', async () => {
    const { ambient, own } = createBench();
    const owner = await own(1);
    owner.ledger.save(line, 'primary', someFacts(1));
    await after(ambient, 10, owner.ledger.closeSlot(slot));
    (await own(2)).ledger.save(line, 'primary', someFacts(2));
    await ambient.elapse(100);
    owner.setEpoch(3);
    expect(await primaryOf(ambient, owner)).toEqual(someFacts(2));
  });
});
