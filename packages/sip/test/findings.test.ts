import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

/** Every finding of the stack study (its section 2) is a named test somewhere in this package: none may go unnoticed. */

const tests = readdirSync(new URL('.', import.meta.url))
  .filter((name) => name.includes('findings-'))
  .concat('transaction-findings.test.ts')
  .map((name) => readFileSync(new URL(name, import.meta.url), 'utf8'))
  .join('\n');

const numbered = (letter: string, count: number): string[] => Array.from({ length: count }, (_, i) => `${letter}${i + 1}`);
const digest = ['basics', 'algorithms', 'several challenges', 'auth-int', 'nonce-count', 'pre-emptive credentials'];
const rows = [...digest, 'proxy, then registrar', 'quotes', 'randomness'].map((row) => `2.4 ${row}`);

describe('the findings about sip.js', () => {
  it.each([...numbered('T', 12), ...numbered('M', 12), ...numbered('P', 10), ...rows])('%s has a test of its name', (finding) => {
    // A title that begins with the finding, or with a list of findings.
    expect(tests).toMatch(new RegExp(`['\`](?:[TMP]\\d+, )*${finding}[:,]`));
  });
});
