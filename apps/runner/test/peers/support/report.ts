import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Keeps a file of a suite where reports are kept. */
export async function report(name: string, content: string): Promise<void> {
  const path = fileURLToPath(new URL(`../../../reports/peers/${name}`, import.meta.url));
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

/** Figures are printed and kept, whether the suite likes them or not. */
export async function tell(name: string, figures: Readonly<Record<string, unknown>>): Promise<void> {
  process.stdout.write(`${name}: ${JSON.stringify(figures)}\n`);
  await report(`${name}.json`, `${JSON.stringify(figures, undefined, 2)}\n`);
}
