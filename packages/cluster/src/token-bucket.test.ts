import { createManualAmbient } from '@offhook/core/testkit';
import { describe, expect, it } from 'vitest';
import { createTokenBucket } from './token-bucket.ts';

describe('a token bucket', () => {
  const start = (perS: number, burst: number) => {
    const ambient = createManualAmbient();
    const ran: number[] = [];
    return { ambient, ran, bucket: createTokenBucket({ ambient, perS: () => perS, burst }), beganAtMs: ambient.now() };
  };

  it('serves a burst at once and the others in turn, so many per second', async () => {
    const { ambient, ran, bucket, beganAtMs } = start(10, 3);
    for (let n = 0; n < 20; n++) bucket.take(() => ran.push(ambient.now() - beganAtMs));
    expect(ran).toEqual([0, 0, 0]);
    await ambient.elapse(1_000);
    expect(ran).toHaveLength(13);
    expect(bucket.waiting).toBe(7);
    await ambient.elapse(1_000);
    expect(ran.slice(3).map(Math.round)).toEqual(Array.from({ length: 17 }, (_, n) => (n + 1) * 100));
    expect(ambient.timers).toBe(0);
  });

  it('saves no more than its burst up', async () => {
    const { ambient, ran, bucket } = start(10, 3);
    await ambient.elapse(60_000);
    for (let n = 0; n < 10; n++) bucket.take(() => ran.push(n));
    expect(ran).toEqual([0, 1, 2]);
  });

  it('serves first come first, also from within', async () => {
    const { ambient, ran, bucket } = start(10, 1);
    bucket.take(() => {
      ran.push(1);
      bucket.take(() => ran.push(3));
    });
    bucket.take(() => ran.push(2));
    await ambient.elapse(1_000);
    expect(ran).toEqual([1, 3, 2]);
  });

  it('forgets whoever waits when it is cleared', async () => {
    const { ambient, ran, bucket } = start(10, 1);
    for (let n = 0; n < 5; n++) bucket.take(() => ran.push(n));
    bucket.clear();
    await ambient.elapse(1_000);
    expect(ran).toEqual([0]);
    expect(ambient.timers).toBe(0);
  });

  it('keeps nobody waiting behind one that throws', async () => {
    const { ambient, ran, bucket } = start(1, 1);
    bucket.take(() => ran.push(0));
    bucket.take(() => {
      throw new Error('a mechanism cannot judge the line');
    });
    bucket.take(() => ran.push(2));
    await ambient.elapse(2_000);
    expect(ran).toEqual([0, 2]);
    expect(ambient.timers).toBe(0);
  });

  it('takes nothing for one that had nothing to do any more', async () => {
    const { ambient, ran, bucket } = start(1, 1);
    bucket.take(() => ran.push(0));
    for (let n = 0; n < 50; n++) bucket.take(() => false);
    bucket.take(() => ran.push(1));
    await ambient.elapse(1_000);
    expect(ran).toEqual([0, 1]);
  });
});
