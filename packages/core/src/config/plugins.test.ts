import { describe, expect, it } from 'vitest';
import { readRuntimeConfig } from './read-runtime.ts';

const listen = { protocol: 'tls', host: '127.0.0.1', port: 5061 };

describe('plugins of a configuration', () => {
  it('are none unless they are named', () => {
    expect(readRuntimeConfig({}).config?.plugins).toEqual([]);
  });

  it('are told also where nothing can be run', () => {
    const plugins = ['./a.mjs', '@example/b'];
    expect(readRuntimeConfig({ plugins }).config?.plugins).toEqual(plugins);
    const { config, plugins: named } = readRuntimeConfig({ plugins: [...plugins, 7, ''], clustr: 'x' });
    expect({ config, named }).toEqual({ config: undefined, named: plugins });
  });

  it.each([['./a.mjs'], [7], [{ path: './a.mjs' }]])('refuse what is no list of names: %j', (plugins) => {
    const { findings, plugins: named } = readRuntimeConfig({ plugins: typeof plugins === 'string' ? plugins : [plugins] });
    expect(findings).toMatchObject([{ severity: 'error', code: 'value.invalid' }]);
    expect(named).toEqual([]);
  });

  it('serve the addresses that name them, and those alone', () => {
    const plugged = { ...listen, plugin: 'my-tls' };
    const { config, findings } = readRuntimeConfig({ edge: { listen: [plugged, listen] } });
    expect(config?.edge.listen).toEqual([plugged, listen]);
    // A certificate is the plugin's own business.
    expect(findings.map(({ code, path }) => `${code} ${path}`)).toEqual(['tls.no-certificate edge.listen[1]']);
  });
});
