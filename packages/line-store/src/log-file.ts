import { join } from 'node:path';
import type { Disk, DiskFile } from './disk.ts';
import { type FactsRecord, headerText, type LogReading, readLog, recordText } from './record.ts';

/**
 * The log of a store, `facts.log`: records are appended, each group with one write and one sync. A rewrite makes a new file
 * beside it, makes that durable and renames it into place, so that at every instant one whole log has the name.
 */
export interface LogFile {
  /** @throws StoreError (rejects) `E_STORE_VERSION` */
  load(): Promise<LogReading>;
  /** An append is possible: this process wrote the file, and no write to it failed. */
  readonly isOpen: boolean;
  /** It has grown to several times what the last rewrite left. */
  readonly isLong: boolean;
  /** Resolves when the records are durable. After a failure only a rewrite helps. */
  append(records: readonly FactsRecord[]): Promise<void>;
  /** Replaces everything. After a failure the old log still counts. */
  rewrite(records: Iterable<FactsRecord>): Promise<void>;
  close(): Promise<void>;
}

/** A log below this size is never rewritten for its length, bytes. */
const shortBytes = 65_536;
/** A log is long at so many times the size it was rewritten to. */
const growth = 4;
/** Records that a rewrite puts together between two writes, so that it never holds up the event loop. */
const chunk = 500;

function* chunks(records: Iterable<FactsRecord>): Generator<string> {
  let text = headerText;
  let count = 0;
  for (const record of records) {
    text += recordText(record);
    count += 1;
    if (count % chunk > 0) continue;
    yield text;
    text = '';
  }
  if (text !== '') yield text;
}

const quietly = async (act: Promise<unknown> | undefined): Promise<void> => {
  await act?.catch(() => {});
};

export function createLogFile(disk: Disk, folder: string): LogFile {
  const path = join(folder, 'facts.log');
  const beside = `${path}.new`;
  let file: DiskFile | undefined;
  let bytes = 0;
  let longBytes = shortBytes;

  async function closeFile(): Promise<void> {
    const closing = file;
    file = undefined;
    await quietly(closing?.close());
  }

  /** A durable file beside the log. */
  async function writeBeside(records: Iterable<FactsRecord>): Promise<{ readonly made: DiskFile; readonly size: number }> {
    const made = await disk.create(beside);
    let size = 0;
    try {
      for (const text of chunks(records)) {
        await made.write(text);
        size += Buffer.byteLength(text);
      }
      await made.sync();
      return { made, size };
    } catch (error) {
      await quietly(made.close());
      // On a full disk its room is wanted.
      await quietly(disk.remove(beside));
      throw error;
    }
  }

  return {
    get isOpen() {
      return file !== undefined;
    },
    get isLong() {
      return bytes > longBytes;
    },
    async load() {
      const found = await disk.read(path);
      return found === undefined ? { records: [], faults: 0, lostBytes: 0 } : readLog(found, path);
    },
    async append(records) {
      if (file === undefined) throw new Error('this log was not written here');
      const text = records.map(recordText).join('');
      try {
        await file.write(text);
        await file.sync();
        bytes += Buffer.byteLength(text);
        if (!(await file.isLinked())) throw new Error(`${path} was removed while it was in use`);
      } catch (error) {
        // Half a record may stand there, and after a failed sync nobody knows what is durable.
        await closeFile();
        throw error;
      }
    },
    async rewrite(records) {
      // Not again before the log has doubled, should this fail.
      longBytes = Math.max(longBytes, bytes * 2);
      const { made, size } = await writeBeside(records);
      try {
        await disk.rename(beside, path);
        await disk.syncFolder(folder);
      } catch (error) {
        await quietly(made.close());
        await closeFile();
        throw error;
      }
      await closeFile();
      file = made;
      bytes = size;
      longBytes = Math.max(shortBytes, size * growth);
    },
    close: closeFile,
  };
}
