import { someFacts } from '@offhook/core/testkit';
import { describe, expect, it } from 'vitest';
import { readLog } from '../src/record.ts';
import { cseqs, logPath, openBench, openLog } from './support/store-fixtures.ts';

const lines = ['1000', 'Zoë\n', '3000'];

/** Three groups: CSeq 1 and 2 of every line, then the second line is forgotten and the others have 3. */
async function writeLog(): Promise<Uint8Array> {
  const { store, disk } = await openBench();
  for (const cseq of [1, 2]) {
    for (const line of lines) store.save(line, 'primary', someFacts(1, { cseq }));
    await store.flush();
  }
  for (const line of lines) store.save(line, 'primary', line === lines[1] ? undefined : someFacts(1, { cseq: 3 }));
  await store.flush();
  return disk.kill().get(logPath) ?? new Uint8Array(0);
}

/** Where each record begins, and the end. */
function startsOf(log: Uint8Array): readonly number[] {
  const starts = [0];
  for (let at = log.indexOf(10); at >= 0; at = log.indexOf(10, at + 1)) starts.push(at + 1);
  return starts;
}

type Seen = readonly (number | undefined)[];
const none: Seen = [undefined, undefined, undefined];
/** What the lines hold after each record: header, two whole groups, then forgetting comes second in the last. */
const history: readonly Seen[] = [
  none,
  none,
  [1, undefined, undefined],
  [1, 1, undefined],
  [1, 1, 1],
  [2, 1, 1],
  [2, 2, 1],
  [2, 2, 2],
  [3, 2, 2],
  [3, undefined, 2],
  [3, undefined, 3],
];

/** CSeq of each line as a log has it, and how much of the log was lost. */
function read(log: Uint8Array): { readonly seen: Seen; readonly faults: number; readonly lostBytes: number } {
  const { records, faults, lostBytes } = readLog(log, logPath);
  const last = new Map(records.map(({ line, facts }) => [line, facts?.cseq]));
  return { seen: lines.map((line) => last.get(line)), faults, lostBytes };
}

describe('a log cut short', () => {
  it('has everything before the cut, at every byte', async () => {
    const log = await writeLog();
    const starts = startsOf(log);
    expect(starts).toHaveLength(history.length);
    for (let length = 0; length <= log.length; length++) {
      const { seen, faults, lostBytes } = read(log.subarray(0, length));
      // A record that lacks its line break alone is whole.
      const whole = starts.filter((start) => start > 0 && start <= length + 1).length;
      expect(seen, `cut at ${length}`).toEqual(history[whole]);
      const rest = length - (starts.findLast((start) => start <= length) ?? 0);
      const isWhole = rest === 0 || starts.includes(length + 1);
      expect([faults, lostBytes], `cut at ${length}`).toEqual([rest === 0 ? 0 : 1, isWhole ? 0 : rest]);
    }
  });

  it('goes on as a whole log: the next group is found by the next life', async () => {
    const log = await writeLog();
    for (const length of [0, 1, 40, log.length - 200, log.length - 1]) {
      const first = await openLog(log.subarray(0, length));
      first.store.save('4000', 'alternate', someFacts(4));
      await first.store.flush();
      const kept = await cseqs(first.store, lines);
      const second = await openLog(first.disk.kill().get(logPath) ?? log);
      expect(second.store.stats.faults).toBe(0);
      expect(await cseqs(second.store, lines)).toEqual(kept);
      expect(await second.store.load('4000')).toEqual({ alternate: someFacts(4) });
    }
  });
});

describe('a log with a damaged byte', () => {
  const damages: readonly (readonly [string, (byte: number) => number])[] = [
    ['one bit', (byte) => byte ^ 0x01],
    ['the highest bit', (byte) => byte ^ 0x80],
    ['a line break', (byte) => (byte === 10 ? 0 : 10)],
    ['a digit', (byte) => (byte === 0x31 ? 0x32 : 0x31)],
  ];

  it.each(damages)('loses that record alone, wherever it is: %s', async (_, damage) => {
    const log = await writeLog();
    const starts = startsOf(log);
    for (let at = 0; at < log.length; at++) {
      const broken = Uint8Array.from(log);
      broken[at] = damage(log[at] ?? 0);
      const hit = starts.findLastIndex((start) => start <= at);
      const isBreak = log[at] === 10;
      const { seen, faults } = read(broken);
      expect(faults, `at ${at}`).toBe(1);
      expect(seen, `at ${at}`).toEqual(isBreak ? history.at(-1) : without(hit));
    }
  });

  /** What is left of the story when one record of it is missing. */
  function without(record: number): Seen {
    const last = history.at(-1) ?? none;
    if (record === 7) return [2, last[1], last[2]];
    if (record === 8) return [last[0], 2, last[2]];
    if (record === 9) return [last[0], last[1], 2];
    return last;
  }

  it('reports what it lost', async () => {
    const log = Uint8Array.from(await writeLog());
    log.fill(0, 100, 120);
    const { ambient } = await openLog(log);
    expect(ambient.logged).toMatchObject([
      {
        level: 'warn',
        message: 'part of the stored facts could not be read and is lost',
        fields: { folder: '/state', faults: 1 },
      },
    ]);
  });

  it('is read as empty when nothing of it is left', async () => {
    for (const log of [new Uint8Array(4_096), new TextEncoder().encode('{"not":"ours"}\n'), Uint8Array.of(255, 254, 0)]) {
      const { store } = await openLog(log);
      expect(await cseqs(store, lines)).toEqual(none);
      expect(store.stats.faults).toBe(1);
    }
  });
});

describe('a log of a newer release', () => {
  const headed = (version: number) => `{"format":"offhook-line-store","version":${version}}`;

  it('is refused and left alone', async () => {
    const log = new TextDecoder().decode(await writeLog());
    const { crc32 } = await import('node:zlib');
    const json = headed(2);
    const newer = log.replace(/^.*\n/, `${json.length} ${crc32(json).toString(16).padStart(8, '0')} ${json}\n`);
    await expect(openLog(new TextEncoder().encode(newer))).rejects.toMatchObject({
      code: 'E_STORE_VERSION',
      message: expect.stringContaining('format version 2; this release reads version 1'),
    });
  });
});
