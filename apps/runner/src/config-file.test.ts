import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '@offhook/core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { controlOf, findConfig, loadPluggedConfig, runnableConfig } from './config-file.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'oh-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

async function thrownBy(act: () => unknown): Promise<ConfigError> {
  try {
    await act();
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

  it('says where it has looked when there is none', async () => {
    const error = await thrownBy(() => findConfig(undefined, { XDG_CONFIG_HOME: folder, OFFHOOK_CONFIG: '' }));
    expect(error).toMatchObject({ code: 'E_CONFIG_UNREADABLE', message: expect.stringContaining(join(folder, 'offhook')) });
  });

  it('shows an example that is a configuration without errors', async () => {
    const { message } = await thrownBy(() => findConfig(undefined, { XDG_CONFIG_HOME: folder }));
    const example = message.split('\n').filter((line) => /^ {2}( {2}-|lines:)/.test(line));
    const { config, findings } = await loadPluggedConfig(write('example.yaml', example.join('\n')));
    expect(config?.lines).toHaveLength(1);
    expect(findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
  });
});

describe('loadPluggedConfig', () => {
  it.each([
    ['a file that is not there', () => join(folder, 'none.yaml'), 'there is no such file'],
    ['a folder', () => folder, 'it is a folder'],
    ['a path through a file', () => join(write('plain', ''), 'x.yaml'), 'no folder'],
  ])('says why %s cannot be read', async (_, path, why) => {
    expect(await thrownBy(() => loadPluggedConfig(path()))).toMatchObject({
      code: 'E_CONFIG_UNREADABLE',
      message: expect.stringContaining(why),
    });
  });

  it('reads secrets from the environment and from files, without their last line end', async () => {
    vi.stubEnv('OFFHOOK_TEST_SECRET', 'from env');
    const secret = write('secret', 'from file\n');
    const { config } = await loadPluggedConfig(
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

  it('finds faults of values and of mechanisms at once, also where nothing can be run', async () => {
    const text = `clustr: x
lines:
  - { userId: "1", proxy: a, alternateProxy: b, dualRegistration: true, xMechanism: broadsoft }
`;
    const { config, findings } = await loadPluggedConfig(write('both.yaml', text));
    expect(config).toBeUndefined();
    expect(findings.map(({ code }) => code)).toEqual(expect.arrayContaining(['key.unknown', 'policy.conflict']));
  });
});

describe('runnableConfig', () => {
  const repaired = (more = '') =>
    loadPluggedConfig(write('repaired.yaml', `${more}lines:\n  - { userId: "1", proxy: "a b", outboundProxy: c }\n`));

  it('runs a repaired configuration', async () => {
    expect(runnableConfig(await repaired(), false).lines).toHaveLength(1);
  });

  it('refuses it when the command or the file says strict, with every error', async () => {
    const [plain, strict] = [await repaired(), await repaired('strict: true\n')];
    for (const act of [() => runnableConfig(plain, true), () => runnableConfig(strict, false)]) {
      const { code, message, findings } = await thrownBy(act);
      expect({ code, findings: findings.map((finding) => finding.code) }).toEqual({
        code: 'E_CONFIG_INVALID',
        findings: ['server.invalid'],
      });
      expect(message).toContain('strict');
    }
  });
});

describe('controlOf', () => {
  it('reads no secret, certificate or key of the configuration', () => {
    const tls = '{ ca: gone.pem, cert: gone.pem, key: gone.key }';
    const bus = `{ url: "tls://a", creds: gone.creds, tls: ${tls} }`;
    const lines = '[{ userId: "1000", password: { file: gone }, proxy: sip.example.net }]';
    const path = write('secrets.yaml', `cluster: here\nedge: { tls: ${tls} }\nbus: ${bus}\nlines: ${lines}\n`);
    expect(controlOf(path)).toEqual({ cluster: 'here' });
  });
});
