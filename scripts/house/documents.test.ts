import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createSubjects } from '../../packages/core/src/bus/subjects.ts';
import { extParameters, type Parameter, phoneParameters } from '../../packages/core/src/config/catalogue.ts';
import { describeFinding } from '../../packages/core/src/config/finding.ts';
import { readRuntimeConfig } from '../../packages/core/src/config/read-runtime.ts';
import { lineKey, slotOf } from '../../packages/core/src/line-key.ts';
import { policyKit } from '../../packages/core/src/testkit/policy-kit.ts';
import { root } from '../bootstrap.mjs';
import { filesBelow, readText, readWorkspaces } from './repository.ts';

/** Cells of every table row whose first cell is code: `| `code` | … |`. */
const rows = (page: string): readonly (readonly string[])[] =>
  readText(page)
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
const unquote = (cell = ''): string => cell.replaceAll('`', '');

describe('docs/errors.md', () => {
  const table = rows('docs/errors.md');
  const union = /export type ErrorCode =([^;]+);/.exec(readText('packages/core/src/errors.ts'))?.[1] ?? '';
  const codes = [...union.matchAll(/'(E_[A-Z_]+)'/g)].map(([, code]) => code);

  it('has one row for each error code and none for another', () => {
    expect(table.map(([code]) => unquote(code))).toEqual(codes);
  });

  it('gives every code a cause and a remedy', () => {
    expect(table.filter(([, cause = '', remedy = '']) => cause === '' || remedy === '').map(([code]) => code)).toEqual([]);
  });
});

describe('docs/conformance.md', () => {
  it('lists every rule that the code leaves on purpose', () => {
    const files = ['packages', 'apps'].flatMap(filesBelow).filter((file) => /\/src\/.*\.ts$/.test(file));
    const left = files.flatMap((file) =>
      [...readText(file).matchAll(/DEVIATION (RFC \d+ section [\d.]+\d)/g)].map(([, rule]) => rule),
    );
    const page = readText('docs/conformance.md');
    expect(left.length).toBeGreaterThan(0);
    expect(left.filter((rule) => !page.includes(`| ${rule} |`))).toEqual([]);
  });
});

describe('docs/subjects.md', () => {
  it('has one row for each subject and none for another', () => {
    const subjects = createSubjects('c');
    const key = lineKey('1000');
    const named = [
      ...(['sip', 'flow', 'cmd'] as const).map((kind) => subjects.line(key, kind)),
      ...(['open', 'send', 'close', 'stats'] as const).map((kind) => subjects.edge('<edge>', kind)),
      ...[subjects.directory, subjects.control, subjects.member('<id>')],
      ...(['decision', 'registration', 'call', 'state'] as const).map((kind) => subjects.fact(key, kind)),
    ];
    const readable = named.map((subject) =>
      subject.replace('offhook.c.', '').replace(`.${slotOf(key)}.${key}.`, '.<slot>.<key>.'),
    );
    expect(rows('docs/subjects.md').map(([subject]) => unquote(subject))).toEqual(readable);
  });
});

describe('docs/plugins.md', () => {
  it('has one row for each rule that a mechanism keeps and none for another', () => {
    expect(rows('docs/plugins.md').map(([name]) => unquote(name))).toEqual(policyKit.map(({ name }) => name));
  });

  it('quotes the examples as they are', () => {
    const examples = ['examples/my-policy', 'examples/my-transport'].flatMap(filesBelow).map(readText);
    const quotes = [...readText('docs/plugins.md').matchAll(/```ts\n(.*?)```/gs)].map(([, text = '']) => text);
    expect(quotes.length).toBeGreaterThan(0);
    expect(quotes.filter((quote) => !examples.some((text) => text.includes(quote)))).toEqual([]);
  });
});

describe('docs/decisions.md', () => {
  it('has a row for every rule that a source cites', () => {
    const known = new Set(rows('docs/decisions.md').map(([rule]) => unquote(rule)));
    const files = ['packages', 'apps'].flatMap(filesBelow).filter((file) => file.endsWith('.ts'));
    const cited = files.flatMap((file) => [...readText(file).matchAll(/(?<![A-Z])D-\d{2}\b/g)].map(([rule]) => ({ file, rule })));
    expect(cited.filter(({ rule }) => !known.has(rule)).map(({ file, rule }) => `${file}: ${rule}`)).toEqual([]);
  });
});

describe('docs/parameters.md', () => {
  const row = ({ key, xml, label, range, unit, initial, apply, about }: Parameter): string => {
    const value = initial === '' ? '' : `\`${JSON.stringify(initial)}\``;
    const cells = [`\`${key}\``, label, `\`${xml}\``, value, range, unit, apply, about];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  };
  const tables = (parameters: readonly Parameter[]): string =>
    [...new Set(parameters.map(({ section }) => section))]
      .map((section) => {
        const members = parameters.filter((parameter) => parameter.section === section);
        const head =
          '| key | label | XML name | default | allowed | unit | takes effect | about |\n|---|---|---|---|---|---|---|---|';
        return `### ${section}\n\n${head}\n${members.map(row).join('\n')}\n`;
      })
      .join('\n');

  it('lists every parameter as the schema has it (npm run house -- -u rewrites it)', async () => {
    const page = [
      '# Parameters',
      'Written from the configuration schema by `npm run house -- -u`; change the schema, not this page. The XML name of a line parameter carries the',
      'line number in a profile: `Proxy_1_`. Takes effect: *immediate*, at the next *transaction*, when the *line* starts again, or at a *restart* of',
      'the phone.',
      '',
      '## Lines and templates',
      '',
      tables(extParameters),
      '## Phone',
      '',
      tables(phoneParameters),
    ];
    await expect(`${page[0]}\n\n${page.slice(1).join('\n')}`).toMatchFileSnapshot(join(root, 'docs/parameters.md'));
  });
});

describe('configurations in the pages', () => {
  // The reader that provisioning uses, without making it a dependency of the house.
  const { parse } = createRequire(join(root, 'packages/provisioning/package.json'))('yaml') as { parse(text: string): unknown };

  it.each(['README.md', 'docs/configuration.md', 'docs/plugins.md'])('are free of faults: %s', (page) => {
    const blocks = [...readText(page).matchAll(/```yaml\n(.*?)```/gs)].map(([, text = '']) => text);
    const resolveSecret = () => '-----BEGIN CERTIFICATE----- -----BEGIN PRIVATE KEY-----';
    const findings = blocks.flatMap((text) => readRuntimeConfig(parse(text), { resolveSecret }).findings);
    expect(blocks.length).toBeGreaterThan(0);
    expect(findings.filter(({ severity }) => severity === 'error').map(describeFinding)).toEqual([]);
  });
});

describe('pages', () => {
  const pages = [
    ...['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'],
    ...filesBelow('docs').filter((file) => file.endsWith('.md')),
  ];

  it('link to what exists', () => {
    const broken = pages.flatMap((page) =>
      [...readText(page).matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)]
        .map(([, target = '']) => target)
        .filter((target) => !existsSync(join(root, dirname(page), target)))
        .map((target) => `${page}: ${target}`),
    );
    expect(broken).toEqual([]);
  });

  it('name every workspace in docs/architecture.md', () => {
    const page = readText('docs/architecture.md');
    const missing = readWorkspaces().filter(({ folder }) => !folder.startsWith('examples/') && !page.includes(`\`${folder}\``));
    expect(missing.map(({ folder }) => folder)).toEqual([]);
  });
});
