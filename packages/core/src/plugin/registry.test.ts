import { describe, expect, it } from 'vitest';
import { knownMechanisms } from '../policy/known.ts';
import { createPluginRegistry } from './registry.ts';

const create = () => ({});
const transport = (name: string, more: object = {}) => ({
  manifest: Object.freeze({
    name,
    kind: 'transport',
    api: 1,
    protocol: 'udp',
    reliable: false,
    framing: 'datagram',
    maxBytes: 65_507,
    ...more,
  }),
  create,
});
const admitting = (...plugins: readonly unknown[]) => {
  const registry = createPluginRegistry();
  return () => registry.admit(plugins.map((plugin, i) => ({ plugin, from: `p${i}` })));
};

describe('the plugin registry', () => {
  it('admits plugins and finds them by kind and name', () => {
    const registry = createPluginRegistry();
    const udp = transport('udp');
    registry.admit([
      { plugin: transport('wire'), from: 'a' },
      { plugin: udp, from: 'built in' },
      ...knownMechanisms.map((manifest) => ({ plugin: { manifest, create }, from: 'built in' })),
    ]);
    expect(registry.find('transport', 'udp')).toBe(udp);
    expect(registry.list('transport').map(({ manifest }) => manifest.name)).toEqual(['udp', 'wire']);
    expect(registry.list('mechanism')).toHaveLength(knownMechanisms.length);
    expect(registry.find('mechanism', 'udp')).toBeUndefined();
  });

  it.each([
    [undefined, 'exports no manifest'],
    [{ manifest: 'x' }, 'exports no manifest'],
    [transport('UDP'), 'name is "UDP"'],
    [transport('x', { api: 2 }), 'api is 2, this runtime supports 1'],
    [transport('x', { kind: 'codec' }), 'kind is "codec"'],
    [transport('x', { kind: 'toString' }), 'kind is "toString"'],
    [transport('x', { protocol: 'sctp' }), 'protocol is "sctp"'],
    [transport('x', { maxBytes: 0 }), 'maxBytes is 0'],
    [{ ...transport('x'), create: 1 }, 'create is no function'],
    [{ manifest: { ...transport('x').manifest }, create }, 'not frozen'],
    [{ manifest: Object.freeze({ name: 'm', kind: 'mechanism', api: 1, title: 'M' }), create }, 'claims is undefined'],
  ])('refuses %j', (plugin, expected) => {
    expect(admitting(plugin)).toThrow(
      expect.objectContaining({ code: 'E_PLUGIN_INVALID', message: expect.stringContaining(expected) }),
    );
  });

  it('refuses a name twice within a kind, and says who had it first', () => {
    expect(admitting(transport('udp'), transport('udp'))).toThrow(
      expect.objectContaining({
        code: 'E_PLUGIN_DUPLICATE',
        message: 'plugin p1: the transport "udp" is already given by p0; remove or rename one of the two',
      }),
    );
  });

  it('tells everything at once and admits nothing then', () => {
    const registry = createPluginRegistry();
    registry.admit([{ plugin: transport('udp'), from: 'built in' }]);
    const candidates = [transport('ok'), transport('udp'), transport('x', { api: 9, maxBytes: 'big' }), null].map(
      (plugin, i) => ({ plugin, from: `p${i}` }),
    );
    expect(() => registry.admit(candidates)).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(/p2: api.*\n.*p2: maxBytes.*\n.*p3: exports.*\n.*p1: the transport/),
      }),
    );
    expect(registry.list('transport').map(({ manifest }) => manifest.name)).toEqual(['udp']);
  });
});
