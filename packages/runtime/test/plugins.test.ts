import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type EdgeListen, type PluginError, parseRuntimeConfig, systemAmbient } from '@offhook/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createRuntime, type LoadedPlugins, loadPlugins } from '../src/index.ts';
import { createAnsweringTransport } from './answering-transport.ts';

let folder = '';
/** The configuration, which need not exist for its neighbours to be found. */
let from = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'oh-'));
  from = join(folder, 'phone.yaml');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): string {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text);
  return `./${name}`;
}

const mechanism = (name: string, more = '') => `
export const manifest = Object.freeze({ name: '${name}', kind: 'mechanism', api: 1, title: '${name}', claims: () => [] });
export const create = () => ({ manifest, decide: () => ({ next: 'deliver', rule: '${name}', source: 'test' }) });
${more}`;
const transport = (name: string, create: string, protocol = 'udp') => `
export const manifest = Object.freeze({
  name: '${name}', kind: 'transport', api: 1, protocol: '${protocol}', reliable: false, framing: 'datagram', maxBytes: 65507,
});
export const create = ${create};`;
const methods = 'open: async () => {}, send() {}, close() {}, stop: async () => {}';

const refusal = (promise: Promise<unknown>): Promise<PluginError> =>
  promise.then(
    () => {
      throw new Error('nothing is refused');
    },
    (error) => error,
  );
const listen = (plugin: string, protocol: EdgeListen['protocol'] = 'udp'): EdgeListen => ({
  protocol,
  host: '127.0.0.1',
  port: 0,
  plugin,
});

describe('loadPlugins()', () => {
  test('loads nothing where nothing is named', async () => {
    expect(await loadPlugins([], from)).toEqual({ mechanisms: [], transports: [] });
  });

  test('finds paths from the folder of the file: modules, CommonJS, and folders by the main of their package.json', async () => {
    write('in/package.json', '{ "main": "entry.mjs" }');
    write('in/entry.mjs', mechanism('folder'));
    write('plain.cjs', `${mechanism('plain').replaceAll('export const', 'const')}module.exports = { manifest, create };`);
    const names = [write('a.mjs', mechanism('a')), join(folder, write('b.mjs', mechanism('b'))), './in', './plain.cjs'];
    for (const file of [from, pathToFileURL(from)]) {
      const { mechanisms } = await loadPlugins(names, file);
      expect(mechanisms.map(({ manifest }) => manifest.name)).toEqual(['a', 'b', 'folder', 'plain']);
    }
  });

  test('finds packages in the node_modules above the file', async () => {
    write('node_modules/@some/router/package.json', '{ "type": "module", "exports": "./index.js" }');
    write('node_modules/@some/router/index.js', mechanism('router'));
    expect((await loadPlugins(['@some/router'], join(folder, 'deep/phone.yaml'))).mechanisms).toHaveLength(1);
  });

  test.each([
    [
      'a path where nothing is',
      './none.mjs',
      '',
      'E_PLUGIN_LOAD',
      /nothing is found from .*Check the path: it counts from that folder/,
    ],
    [
      'a package that is not installed',
      'no-such-plugin',
      '',
      'E_PLUGIN_LOAD',
      /npm install no-such-plugin.*a path begins with \.\//,
    ],
    ['a module of Node', 'fs', '', 'E_PLUGIN_LOAD', /nothing is found/],
    [
      'one that throws as it is imported',
      './throws.mjs',
      'throw new Error("no luck");',
      'E_PLUGIN_LOAD',
      /as it is imported: no luck\./,
    ],
    ['one that is no module', './text.mjs', 'this is no code', 'E_PLUGIN_LOAD', /fails as it is imported/],
    ['one that lacks a package', './lacks.mjs', 'import "no-such-package";', 'E_PLUGIN_LOAD', /no-such-package/],
    [
      'one without a manifest',
      './bare.mjs',
      'export const create = () => {};',
      'E_PLUGIN_INVALID',
      /exports no manifest; export a/,
    ],
    [
      'another contract',
      './api.mjs',
      mechanism('api').replace('api: 1', 'api: 2'),
      'E_PLUGIN_INVALID',
      /api is 2, this runtime supports 1/,
    ],
    [
      'another kind',
      './bus.mjs',
      mechanism('bus').replace("'mechanism'", "'bus'"),
      'E_PLUGIN_INVALID',
      /kind is "bus"; plugins of a/,
    ],
    [
      'a factory that throws',
      './factory.mjs',
      mechanism('f').replace('({ manifest', '(boom(), { manifest'),
      'E_PLUGIN_LOAD',
      /create\(\) fails: boom/,
    ],
    [
      'a factory that makes nothing',
      './nothing.mjs',
      mechanism('n').replace(/=> \(\{.*/, '=> {};'),
      'E_PLUGIN_INVALID',
      /decide is no function/,
    ],
    [
      'two manifests',
      './two.mjs',
      mechanism('t').replace('({ manifest,', '({ manifest: { ...manifest },'),
      'E_PLUGIN_INVALID',
      /another manifest/,
    ],
    [
      'a built-in name',
      './udp.mjs',
      transport('udp', '() => {}'),
      'E_PLUGIN_DUPLICATE',
      /already given by Offhook itself; remove or rename/,
    ],
  ])('refuses %s: %s', async (_, name, text, code, message) => {
    if (text !== '') write(name.slice(2), text);
    const error = await refusal(loadPlugins([name], from));
    expect(error).toMatchObject({ code, name: 'PluginError', message: expect.stringMatching(message) });
    expect(error.message).toMatch(new RegExp(`^plugin ${name.replaceAll('.', '\\.')}: [^\n]*$`));
  });

  test('tells every fault of every plugin at once', async () => {
    const names = [
      './gone.mjs',
      write('one.mjs', mechanism('same')),
      write('other.mjs', mechanism('same')),
      write('none.mjs', ''),
    ];
    const { code, message } = await refusal(loadPlugins(names, from));
    expect(code).toBe('E_PLUGIN_LOAD');
    expect(message.split('\n')).toEqual([
      expect.stringContaining('plugin ./gone.mjs: nothing is found'),
      'plugin ./other.mjs: the mechanism "same" is already given by ./one.mjs; remove or rename one of the two',
      expect.stringContaining('plugin ./none.mjs: exports no manifest'),
    ]);
  });

  test.each([
    [
      listen('wires'),
      /edge\.listen\[0\] names the transport plugin "wires", which no plugin brings\. Loaded: wire\. Did you mean wire\?/,
    ],
    [listen('other'), /which no plugin brings\. Loaded: wire\. Add its path or package to plugins\./],
    [listen('wire', 'tcp'), /which serves udp, for tcp\. Set its protocol to udp\./],
  ])('refuses an address that names what is not there: %j', async (address, message) => {
    const name = write('wire.mjs', transport('wire', '() => {}'));
    expect(await refusal(loadPlugins([name], from, [address]))).toMatchObject({
      code: 'E_PLUGIN_INVALID',
      message: expect.stringMatching(message),
    });
  });
});

describe('createRuntime() with plugins', () => {
  const config = (address: EdgeListen) => parseRuntimeConfig({ edge: { listen: [address] }, lines: [] });
  const plugged = async (file: string, create: string): Promise<LoadedPlugins> =>
    loadPlugins([write(file, transport('wire', create))], from);

  test('listens by the plugin that an address names', async () => {
    const made: unknown[] = [];
    const answering = createAnsweringTransport(systemAmbient());
    const create = (...given: readonly unknown[]) => {
      made.push(given[0]);
      return answering;
    };
    const plugins = { mechanisms: [], transports: [{ manifest: answering.manifest, create }] };
    const runtime = await createRuntime({ config: config(listen('answering')), plugins });
    expect(runtime.listening).toMatchObject([{ host: '192.0.2.9', port: 5060, protocol: 'udp' }]);
    expect(made).toEqual([{ host: '127.0.0.1', port: 0 }]);
    await runtime.stop();
    expect(answering.story).toEqual(['start', 'stop']);
  });

  test('rejects with E_PLUGIN_LOAD when the factory throws', async () => {
    const plugins = await plugged('broken.mjs', '() => { throw new Error("no wire") }');
    const error = await refusal(createRuntime({ config: config(listen('wire')), plugins }));
    expect(error).toMatchObject({
      code: 'E_PLUGIN_LOAD',
      message: expect.stringContaining('create() fails for 127.0.0.1:0: no wire'),
    });
  });

  test('rejects with E_PLUGIN_INVALID when it makes no transport', async () => {
    const plugins = await plugged('half.mjs', '() => ({ start() {}, send() {} })');
    const error = await refusal(createRuntime({ config: config(listen('wire')), plugins }));
    expect(error).toMatchObject({ code: 'E_PLUGIN_INVALID', message: expect.stringContaining('has no open, close, stop') });
  });

  test('knows the errors of a plugin by their code, whoever’s class they are', async () => {
    const start = 'async () => { throw Object.assign(new Error("taken"), { code: "E_TRANSPORT_IN_USE" }) }';
    const plugins = await plugged('taken.mjs', `() => ({ start: ${start}, ${methods} })`);
    const error = await refusal(createRuntime({ config: config(listen('wire')), plugins }));
    expect(error).toMatchObject({ name: 'TransportError', code: 'E_TRANSPORT_IN_USE', message: 'taken' });
  });

  test('refuses a configuration whose plugins nobody loaded', async () => {
    const named = parseRuntimeConfig({ plugins: ['./a.mjs'], lines: [] });
    expect(await refusal(createRuntime({ config: named, transports: [] }))).toMatchObject({
      code: 'E_PLUGIN_LOAD',
      message: expect.stringContaining('loadPlugins()'),
    });
  });
});
