import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { createCounters } from '../src/counters.ts';

it('docs/limits.md explains every counter, in order', () => {
  const page = readFileSync(new URL('../../../docs/limits.md', import.meta.url), 'utf8');
  const table = page.slice(page.indexOf('| counter |'));
  const named = [...table.matchAll(/^\| `(\w+)` \| .+ \|$/gm)].map(([, name]) => name);
  expect(named).toEqual(Object.keys(createCounters()));
});
