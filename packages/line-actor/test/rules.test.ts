import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { OutcomeClass } from '@offhook/core';
import { describe, expect, it } from 'vitest';
import type { RetryDelay } from '../src/retry.ts';
import { ruleSentence, ruleSentences } from '../src/rules.ts';

/* Whatever rule a decision can name has a sentence: the rules are looked for in the text of the code. */

const packages = fileURLToPath(new URL('../../', import.meta.url));
const plugins = readdirSync(packages).filter((name) => name.startsWith('plugin-'));
const folders = [
  'line-actor/src',
  'core/src/ranked',
  'core/src/config',
  'core/src/policy',
  'runtime/src',
  ...plugins.map((name) => `${name}/src`),
];

const sources = folders
  .map((folder) => `${packages}${folder}`)
  .filter((folder) => existsSync(folder))
  .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => `${folder}/${name}`))
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.endsWith('/rules.ts'));

type Keys<Union extends string> = Readonly<Record<Union, true>>;
const outcomes: Keys<OutcomeClass> = { 'no-response': true, transport: true, disconnect: true, rsc: true, reject: true };
const delays: Keys<RetryDelay['by']> = { 'retry-after': true, short: true, long: true };

/** What a rule's text leaves open, with all that may stand there. */
const open: Readonly<Record<string, readonly string[]>> = {
  // biome-ignore-start lint/suspicious/noTemplateCurlyInString: the text of the code
  '${event.outcome}': Object.keys(outcomes),
  '${outcome}': Object.keys(outcomes),
  '${by}': Object.keys(delays),
  '${reason}': ['not-registered', 'queue-full', 'line-stopped'],
  '${code}': ['policy.conflict', 'policy.unknown'],
  '${rows}/${outcome}': [],
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: the text of the code
};

const written = sources.flatMap((path) => {
  const found = readFileSync(path, 'utf8').matchAll(/(['"`])((?:D-\d\d|\d\.\d{1,2}):[^'"`\s]+)\1/g);
  return [...found].map(([, , rule = '']) => ({ rule, path: path.slice(packages.length) }));
});

const emitted = written.flatMap(({ rule, path }) => {
  const [hole] = /\$\{.*\}/.exec(rule) ?? [];
  if (hole === undefined) return [{ rule, path }];
  return (open[hole] ?? [hole]).map((value) => ({ rule: rule.replace(hole, value), path }));
});

describe('the sentences of rules', () => {
  it('are there for every rule that the code can name', () => {
    expect(written.length).toBeGreaterThan(60);
    expect(emitted.filter(({ rule }) => ruleSentence(rule) === undefined || rule.includes('$'))).toEqual([]);
  });

  it('belong each to a rule that the code can name', () => {
    const named = new Set(emitted.flatMap(({ rule }) => [rule, rule.replace(/\/[^/]*$/, ''), rule.replace(/:.*$/, '')]));
    // The mode of a line is said by the configuration, as steps of 5.1.
    const alone = Object.keys(ruleSentences).filter((rule) => !named.has(rule));
    expect(alone).toEqual(['D-36']);
  });

  it('end as sentences do, and fit into a line of a terminal or two', () => {
    expect(Object.entries(ruleSentences).filter(([, text]) => !/^[A-Z0-9].{10,158}\.$/.test(text))).toEqual([]);
  });

  it('are found for a variant by the rule it belongs to, and not for the rule of a stranger', () => {
    expect(ruleSentence('5.6:next-up/no-response')).toBe(ruleSentences['5.6:next-up']);
    expect(ruleSentence('D-11:policy.conflict')).toBe(ruleSentences['D-11']);
    expect(ruleSentence('my-policy:alternate-first')).toBeUndefined();
    expect(ruleSentence('6.4:unheard-of')).toBeUndefined();
  });

  it('stand in docs/rules.md as they are (npx vitest run -u rewrites it)', async () => {
    const rows = Object.entries(ruleSentences).map(([rule, sentence]) => `| \`${rule}\` | ${sentence} |`);
    const page = [
      '<!-- Written from packages/line-actor/src/rules.ts. After a change: npx vitest run -u in packages/line-actor. -->',
      '# The rules in words',
      'A decision names the rule it follows: a table and a row of the reference, or a decision of ours ([decisions.md](decisions.md)). `offhook explain` shows the\nsentence beside the rule. What stands behind a last `/` is a variant, most often how the request failed; mechanisms of plugins have rules of their own.',
      ['| rule | what it says |', '|---|---|', ...rows].join('\n'),
    ].join('\n\n');
    await expect(`${page}\n`).toMatchFileSnapshot('../../../docs/rules.md');
  });
});
