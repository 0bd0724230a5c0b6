import { existsSync } from 'node:fs';
import { extParameters, phoneParameters, runtimeJsonSchema } from '@offhook/core';
import { describe, expect, it } from 'vitest';
import { exampleDns, exampleTls, exampleYaml, readConfiguration, renderConfigurationReference } from '../src/index.ts';

const page = new URL('../../../docs/configuration.md', import.meta.url);

describe('docs/configuration.md', () => {
  it('is what the schema says (update: npx vitest run -u)', async () => {
    expect(existsSync(page)).toBe(true);
    await expect(renderConfigurationReference()).toMatchFileSnapshot(page.pathname);
  });

  it('lists every parameter once', () => {
    const rows = renderConfigurationReference().split('\n');
    const missing = [...extParameters, ...phoneParameters].filter(
      ({ key, xml }) => rows.filter((row) => row.startsWith(`| \`${key}\` | \`${xml}`)).length !== 1,
    );
    expect(missing.map(({ key }) => key)).toEqual([]);
  });

  it('shows an example that can be run', () => {
    const { config, findings } = readConfiguration({ name: 'example', text: exampleYaml, resolveSecret: () => 'x' });
    expect(findings).toEqual([]);
    expect(config?.lines).toHaveLength(501);
  });

  it('shows DNS as it can be run', () => {
    const { config, findings } = readConfiguration({ name: 'example', text: exampleDns });
    expect(findings).toEqual([]);
    expect(config?.dns).toEqual({ servers: ['192.0.2.53', '[2001:db8::53]:5353'] });
  });

  it('shows TLS as it can be run', () => {
    const resolveSecret = () => '-----BEGIN CERTIFICATE----- -----BEGIN PRIVATE KEY-----';
    const { config, findings } = readConfiguration({ name: 'example', text: exampleTls, resolveSecret });
    expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(config?.edge).toMatchObject({ listen: [{ protocol: 'tls', connectOnly: true }], tls: { minVersion: 'TLSv1.2' } });
  });
});

describe('the JSON Schema of the YAML file', () => {
  interface Node {
    readonly properties?: Readonly<Record<string, Node>>;
    readonly items?: Node;
    readonly additionalProperties?: unknown;
    readonly default?: unknown;
    readonly maximum?: number;
    readonly anyOf?: readonly unknown[];
    readonly description?: string;
  }
  const schema = runtimeJsonSchema() as Node;
  const line = schema.properties?.lines?.items;

  it('has the keys of the file and refuses others', () => {
    expect(Object.keys(schema.properties ?? {})).toEqual([
      'cluster',
      'edge',
      'bus',
      'dns',
      'takeover',
      'control',
      'state',
      'plugins',
      'strict',
      'phone',
      'templates',
      'lines',
    ]);
    expect([schema, line].map((node) => node?.additionalProperties)).toEqual([false, false]);
  });

  it('offers every parameter with its default and description', () => {
    for (const [node, parameters] of [
      [line, extParameters],
      [schema.properties?.phone, phoneParameters],
    ] as const) {
      for (const { key, initial, about } of parameters) {
        expect(node?.properties?.[key]).toMatchObject({ default: initial, description: expect.stringContaining(about) });
      }
    }
  });

  it('knows ranges, and takes Yes, numbers and references where the reader does', () => {
    expect(line?.properties?.proxyFallbackIntvl).toMatchObject({ type: 'integer', minimum: 0, maximum: 65_535 });
    expect(line?.properties?.dualRegistration?.anyOf).toEqual([{ type: 'boolean' }, { type: 'string', enum: ['Yes', 'No'] }]);
    expect(line?.properties?.userId).toMatchObject({ type: ['string', 'number'] });
    expect(line?.properties?.password?.anyOf).toHaveLength(4);
  });
});
