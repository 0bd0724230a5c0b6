import { ftruncateSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { PhoneError, systemAmbient } from '@offhook/core';
import { someFacts } from '@offhook/core/testkit';
import { createFileLineStore, type FileLineStore } from '../../src/index.ts';

/** A process of its own around a store: `hold` keeps the folder, `hammer` saves without end, `fill` saves on a full disk. */

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const lines = Array.from({ length: 200 }, (_, n) => String(1_000 + n));

/** Saves every line and says which CSeq is durable, for ever. */
async function hammer(store: FileLineStore): Promise<void> {
  for (let cseq = (await store.load('1000')).primary?.cseq ?? 0; ; cseq++) {
    for (const line of lines) store.save(line, 'primary', someFacts(1, { cseq }));
    await store.flush();
    say(`durable ${cseq}`);
  }
}

/** Lets something else take all room of the disk, saves until no more fits, and gives the room back. */
async function fill(store: FileLineStore): Promise<void> {
  const ballast = openSync(join(folder, 'ballast'), 'w');
  let isFull = false;
  while (!isFull) {
    try {
      writeSync(ballast, new Uint8Array(1_024));
    } catch {
      isFull = true;
    }
  }
  let saves = 0;
  let refusal: PhoneError | undefined;
  for (; refusal === undefined; saves++) {
    store.save(String(saves), 'primary', someFacts(saves));
    await store.flush().catch((error: PhoneError) => {
      refusal = error;
      say(`refused ${error.code} ${error.message}`);
    });
  }
  say(`in memory ${(await store.load(String(saves - 1))).primary?.cseq === saves - 1}`);
  ftruncateSync(ballast, 0);
  await store.flush();
  await store.close();
  const again = await createFileLineStore({ folder, ambient: systemAmbient() });
  const found = await Promise.all(
    Array.from({ length: saves }, async (_, n) => (await again.load(String(n))).primary?.cseq === n),
  );
  say(`found ${found.every(Boolean)}`);
  await again.close();
}

const [mode, folder = ''] = process.argv.slice(2);
try {
  const store = await createFileLineStore({ folder, ambient: systemAmbient() });
  say('open');
  if (mode === 'hammer') await hammer(store);
  else if (mode === 'fill') await fill(store);
  else setInterval(() => {}, 60_000);
} catch (error) {
  say(error instanceof PhoneError ? `${error.code} ${error.message}` : String(error));
}
