import { fileURLToPath } from 'node:url';
import type { Network } from './network.ts';
import { within } from './waiting.ts';

/** The first answer of a line to an OPTIONS at its Contact. */
export interface Probe {
  readonly uri: string;
  readonly status: number;
  /** ms since 1970 */
  readonly atMs: number;
}

const program = fileURLToPath(new URL('options-prober.mjs', import.meta.url));
const betweenMs = 200;

/** Asks every Contact until it answers. @throws Error (rejects) with how many have not after `withinMs` */
export async function probe(network: Network, contacts: readonly string[], withinMs: number): Promise<readonly Probe[]> {
  const found: Probe[] = [];
  const child = network.start([process.execPath, program, String(network.port()), String(betweenMs)], {
    onOut: (line) => void found.push(JSON.parse(line) as Probe),
    input: contacts.join('\n'),
  });
  try {
    await within(`${contacts.length} lines answer`, withinMs, child.ended, () => `${found.length} did`);
    return found;
  } finally {
    await child.stop();
  }
}
