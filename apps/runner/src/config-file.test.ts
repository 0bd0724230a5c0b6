import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '@offhook/core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { findConfig, loadConfig, runnableConfig } from './config-file.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'oh-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

function thrownBy(act: () => unknown): ConfigError {
  try {
    act();
  } catch (error) {
    if (error instanceof ConfigError) return error;
  }
  throw new Error('no ConfigError');
}

describe('findConfig', () => {
  it('takes the one that is given before the one of the environment', () => {
    expect(findConfig('a.yaml', { OFFHOOK_CONFIG: 'b.yaml' })).toBe('a.yaml');
    expect(findConfig(undefined, { OFFHOOK_CONFIG: 'b.yaml' })).toBe('b.yaml');
  });

  it('says where it has looked when there is none', () => {
    const error = thrownBy(() => findConfig(undefined, { XDG_CONFIG_HOME: folder, OFFHOOK_CONFIG: '' }));
    expect(error).toMatchObject({ code: 'E_CONFIG_UNREADABLE', message: expect.stringContaining(join(folder, 'offhook')) });
  });

  it('shows an example that is a configuration without errors', () => {
    const { message } = thrownBy(() => findConfig(undefined, { XDG_CONFIG_HOME: folder }));
    const example = message.split('\n').filter((line) => /^ {2}( {2}-|lines:)/.test(line));
    const { config, findings } = loadConfig(write('example.yaml', example.join('\n')));
    expect(config?.lines).toHaveLength(1);
    expect(findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
  });
});

describe('loadConfig', () => {
  it.each([
    ['a file that is not there', () => join(folder, 'none.yaml'), 'there is no such file'],
    ['a folder', () => folder, 'it is a folder'],
    ['a path through a file', () => join(write('plain', ''), 'x.yaml'), 'no folder'],
  ])('says why %s cannot be read', (_, path, why) => {
    expect(thrownBy(() => loadConfig(path()))).toMatchObject({
      code: 'E_CONFIG_UNREADABLE',
      message: expect.stringContaining(why),
    });
  });

  it('reads secrets from the environment and from files, without their last line end', () => {
    vi.stubEnv('OFFHOOK_TEST_SECRET', 'from env');
    const secret = write('secret', 'from file\n');
    const { config } = loadConfig(
      write(
        'secrets.yaml',
        `lines:
  - { userId: "1", proxy: a, password: { env: OFFHOOK_TEST_SECRET } }
  - { userId: "2", proxy: a, password: { file: ${secret} } }
`,
      ),
    );
    vi.unstubAllEnvs();
    expect(config?.lines.map(({ ext }) => ext.password)).toEqual(['from env', 'from file']);
  });

  it('finds faults of values and of mechanisms at once, also where nothing can be run', () => {
    const text = `clustr: x
lines:
  - { userId: "1", proxy: a, alternateProxy: b, dualRegistration: true, xMechanism: broadsoft }
`;
    const { config, findings } = loadConfig(write('both.yaml', text));
    expect(config).toBeUndefined();
    expect(findings.map(({ code }) => code)).toEqual(expect.arrayContaining(['key.unknown', 'policy.conflict']));
  });
});

describe('runnableConfig', () => {
  const repaired = (more = '') =>
    loadConfig(write('repaired.yaml', `${more}lines:\n  - { userId: "1", proxy: "a b", outboundProxy: c }\n`));

  it('runs a repaired configuration', () => {
    expect(runnableConfig(repaired(), false).lines).toHaveLength(1);
  });

  it('refuses it when the command or the file says strict, with every error', () => {
    for (const act of [() => runnableConfig(repaired(), true), () => runnableConfig(repaired('strict: true\n'), false)]) {
      const { code, message, findings } = thrownBy(act);
      expect({ code, findings: findings.map((finding) => finding.code) }).toEqual({
        code: 'E_CONFIG_INVALID',
        findings: ['server.invalid'],
      });
      expect(message).toContain('strict');
    }
  });
});
