import { constants, copyFile, type FileHandle, link, mkdir, open, readFile, rename, rm } from 'node:fs/promises';

/** The little that a store asks of a file system, so that tests can break each step. All reject with the system's error. */
export interface Disk {
  /** Makes a folder and those above it, for its owner alone; one that exists is left as it is. */
  makeFolder(path: string): Promise<void>;
  /** Undefined: there is none. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** A new, empty file for its owner alone, open for writing. */
  create(path: string): Promise<DiskFile>;
  rename(from: string, to: string): Promise<void>;
  /** A second name for a file. @returns false when that name is taken */
  link(from: string, to: string): Promise<boolean>;
  /** None there is no error. */
  remove(path: string): Promise<void>;
  /** Makes the names in a folder durable. */
  syncFolder(path: string): Promise<void>;
}

export interface DiskFile {
  /** Writes behind what is there, all of it. */
  write(text: string): Promise<void>;
  /** Makes the contents durable. */
  sync(): Promise<void>;
  /** It still has a name: nobody deleted it. */
  isLinked(): Promise<boolean>;
  close(): Promise<void>;
}

const ownerOnly = { file: 0o600, folder: 0o700 };

export const errorCode = (error: unknown): string | undefined => (error as NodeJS.ErrnoException | undefined)?.code;

async function unless<T, U>(code: string, otherwise: U, act: Promise<T>): Promise<T | U> {
  try {
    return await act;
  } catch (error) {
    if (errorCode(error) === code) return otherwise;
    throw error;
  }
}

const fileOf = (handle: FileHandle): DiskFile => ({
  write: (text) => handle.writeFile(text),
  sync: () => handle.datasync(),
  isLinked: async () => (await handle.stat()).nlink > 0,
  close: () => handle.close(),
});

/** Some file systems have no second names. */
async function linkOrCopy(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
  } catch (error) {
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(errorCode(error) ?? '')) throw error;
    await copyFile(from, to, constants.COPYFILE_EXCL);
  }
  return true;
}

export const systemDisk: Disk = {
  async makeFolder(path) {
    await mkdir(path, { recursive: true, mode: ownerOnly.folder });
  },
  read: (path) => unless('ENOENT', undefined, readFile(path)),
  async create(path) {
    await rm(path, { force: true });
    return fileOf(await open(path, 'wx', ownerOnly.file));
  },
  rename,
  link: (from, to) => unless('EEXIST', false, linkOrCopy(from, to)),
  remove: (path) => rm(path, { force: true }),
  async syncFolder(path) {
    const handle = await open(path, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};
