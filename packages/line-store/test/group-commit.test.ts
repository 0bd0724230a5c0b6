import { someFacts } from '@offhook/core/testkit';
import { describe, expect, it } from 'vitest';
import { logPath, numbered, openBench, openLog, saveMany } from './support/store-fixtures.ts';

const lines = numbered(1_000);
/** The two steps that cost a disk its time. */
const cost = (bench: Awaited<ReturnType<typeof openBench>>) => bench.disk.count('sync') + bench.disk.count('syncFolder');

describe('group commit', () => {
  it('makes 1,000 saves durable within 100 ms, with one write and one sync', async () => {
    const bench = await openBench();
    // The first group of a life writes a whole new log.
    bench.store.save('0', 'primary', someFacts(0));
    await bench.store.flush();
    const before = { cost: cost(bench), writes: bench.disk.count('write') };
    saveMany(bench.store, lines);
    await bench.ambient.elapse(100);
    expect(cost(bench) - before.cost).toBe(1);
    expect(bench.disk.count('write') - before.writes).toBe(1);
    expect(bench.store.stats).toMatchObject({ saves: 1_001, groups: 2, waiting: 0 });
  });

  it('costs two syncs for the first group: the new log and its folder', async () => {
    const bench = await openBench();
    saveMany(bench.store, lines);
    await bench.ambient.elapse(100);
    expect(cost(bench)).toBe(2);
    expect(bench.disk.steps.slice(-5)).toEqual(['write', 'write', 'sync', 'rename', 'syncFolder']);
  });

  it('writes nothing and keeps no timer while nothing is saved', async () => {
    const bench = await openBench();
    const steps = bench.disk.steps.length;
    await bench.ambient.elapse(60_000);
    await bench.store.flush();
    expect([bench.disk.steps.length - steps, bench.ambient.timers]).toEqual([0, 0]);
  });

  it('writes a leg that is saved often once per group', async () => {
    const bench = await openBench();
    for (let n = 0; n < 500; n++) bench.store.save('1000', 'primary', someFacts(n));
    expect(bench.store.stats.waiting).toBe(1);
    await bench.store.flush();
    const log = new TextDecoder().decode(bench.disk.kill().get(logPath));
    expect(log.trim().split('\n')).toHaveLength(2);
  });

  it('shares one write among saves and flushes that come while another write runs', async () => {
    const bench = await openBench();
    bench.store.save('1000', 'primary', someFacts(1));
    const flushes = [bench.store.flush()];
    saveMany(bench.store, lines);
    flushes.push(bench.store.flush(), bench.store.flush(), bench.store.flush());
    await Promise.all(flushes);
    expect(bench.store.stats.groups).toBeLessThanOrEqual(2);
    expect(bench.store.stats.waiting).toBe(0);
  });

  it('asks the disk for nothing when a leg without facts is forgotten', async () => {
    const bench = await openBench();
    for (const line of lines) bench.store.save(line, 'primary', undefined);
    await bench.ambient.elapse(1_000);
    expect(bench.store.stats).toMatchObject({ saves: 0, groups: 0 });
  });
});

describe('the log', () => {
  it('stays within a few times the size of the facts, however long lines run', async () => {
    const bench = await openBench();
    const few = lines.slice(0, 100);
    let longest = 0;
    for (let n = 0; n < 200; n++) {
      saveMany(bench.store, few, () => someFacts(n));
      await bench.store.flush();
      longest = Math.max(longest, bench.disk.kill().get(logPath)?.length ?? 0);
    }
    const facts = few.length * 330;
    expect(longest).toBeLessThan(5 * facts);
    expect(bench.store.stats.rewrites).toBeGreaterThan(10);
    expect(bench.store.stats.rewrites).toBeLessThan(100);
  });

  it('is text: a length, a checksum, and JSON that names line, leg and facts', async () => {
    const bench = await openBench();
    bench.store.save('1000', 'primary', someFacts(1));
    await bench.store.flush();
    bench.store.save('1000', 'primary', undefined);
    await bench.store.flush();
    const [header, facts = '', tombstone] = new TextDecoder().decode(bench.disk.kill().get(logPath)).split('\n');
    expect(header).toMatch(/^\d+ [0-9a-f]{8} \{"format":"offhook-line-store","version":1\}$/);
    expect(JSON.parse(facts.slice(facts.indexOf('{')))).toEqual({ line: '1000', leg: 'primary', facts: someFacts(1) });
    expect(tombstone).toMatch(/^\d+ [0-9a-f]{8} \{"line":"1000","leg":"primary","facts":null\}$/);
  });

  it('keeps of facts what the contract names, and nothing that came with them', async () => {
    const bench = await openBench();
    bench.store.save('1000', 'primary', Object.assign(someFacts(1), { password: 'hunter2' }));
    await bench.store.flush();
    const log = bench.disk.kill().get(logPath) ?? new Uint8Array(0);
    expect(new TextDecoder().decode(log)).not.toContain('hunter2');
    expect(await (await openLog(log)).store.load('1000')).toEqual({ primary: someFacts(1) });
  });
});
