import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';

/** A folder of its own for what a server reads and writes. */
export interface Folder {
  readonly path: string;
  /** Writes a file; answers with its path. */
  write(name: string, text: string): Promise<string>;
  remove(): Promise<void>;
}

export async function makeFolder(): Promise<Folder> {
  const path = await mkdtemp(`${tmpdir()}/offhook-nats-`);
  return {
    path,
    async write(name, text) {
      await writeFile(`${path}/${name}`, text);
      return `${path}/${name}`;
    },
    remove: () => rm(path, { recursive: true, force: true }),
  };
}
