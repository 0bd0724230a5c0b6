import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Network, openNetwork } from './network.ts';

/** What a suite stands on: a network and a folder of its own, both gone afterwards. */
export interface Stage {
  readonly network: Network;
  /** Short enough for socket paths below it. */
  readonly folder: string;
  /** Hands back what it was given, and ends it when the stage closes: last come, first gone. */
  keep<T extends { stop(): Promise<unknown> }>(actor: T): T;
  close(): Promise<void>;
}

export async function openStage(): Promise<Stage> {
  const network = await openNetwork();
  const folder = await mkdtemp(join(tmpdir(), 'offhook-peers-'));
  const actors: { stop(): Promise<unknown> }[] = [];
  return {
    network,
    folder,
    keep(actor) {
      actors.push(actor);
      return actor;
    },
    async close() {
      for (const actor of actors.reverse()) await actor.stop();
      await network.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
