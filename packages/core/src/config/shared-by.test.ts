import { describe, expect, it } from 'vitest';
import { type ExtConfig, lineConfig } from './line.ts';
import { lineMode } from './mode.ts';
import { sharedBy } from './shared-by.ts';

const first = lineConfig({ id: '1', ext: { userId: '1', proxy: '192.0.2.1' } });
const like = (ext: Partial<ExtConfig>) => ({ ...first, ext: { ...first.ext, ...ext } });

describe('what lines of a phone share', () => {
  it('is read once where the parameters agree, and for each phone', () => {
    let reads = 0;
    const read = sharedBy(['proxy'], ({ ext }, suffix: string) => {
      reads += 1;
      return { text: ext.proxy + suffix };
    });
    expect(read(like({ userId: '2' }), '/a')).toBe(read(first, '/a'));
    expect(read(first, '/b')).toEqual({ text: '192.0.2.1/b' });
    expect(read(like({ proxy: 'x' }), '/a')).toEqual({ text: 'x/a' });
    read({ ...first, phone: { ...first.phone } }, '/a');
    expect(reads).toBe(4);
  });

  const dual = { proxy: 'a.example', alternateProxy: 'b.example', dualRegistration: true };
  it.each([
    ['proxy', dual, { proxy: '' }, 'disabled'],
    ['userId', dual, { userId: '' }, 'disabled'],
    ['alternateProxy', dual, { alternateProxy: 'a.example' }, 'single'],
    ['dualRegistration', dual, { dualRegistration: false }, 'single'],
    ['outboundProxy', dual, { outboundProxy: 'b.example' }, 'single'],
    ['alternateOutboundProxy', dual, { alternateOutboundProxy: 'a.example' }, 'single'],
    ['survivabilityProxy', { ...dual, dualRegistration: false }, { survivabilityProxy: 'c.example' }, 'list'],
    ['sipTransport', { ...dual, alternateProxy: 'a.example:5061;transport=tls' }, { sipTransport: 'TLS' }, 'single'],
  ] as const)('is not the mode of a line with another %s', (_, base, change, mode) => {
    expect(lineMode(like(base))).not.toBe(mode);
    expect(lineMode(like({ ...base, ...change }))).toBe(mode);
    expect(lineMode(like(base))).not.toBe(mode);
  });
});
