import { describe, expect, it } from 'vitest';
import { formatHop, hopOf, registersLine, registrarDomain } from './hop.ts';
import { type ExtConfig, lineConfig } from './line.ts';
import { legsOf, lineMode, lineModeReason } from './mode.ts';

const line = (ext: Partial<ExtConfig>) => lineConfig({ id: '1', ext: { userId: '4001', ...ext } });
const dual = { proxy: 'a.example', alternateProxy: 'b.example', dualRegistration: true } as const;

describe('next hop (redundancy 2)', () => {
  it('is the proxy, on port 5060 or for TLS 5061', () => {
    expect(hopOf(line({ proxy: 'a.example' }), 'primary')).toEqual({
      host: 'a.example',
      port: 5060,
      explicitPort: false,
      protocol: 'udp',
      serverName: 'a.example',
      outbound: false,
    });
    expect(hopOf(line({ proxy: 'a.example', sipTransport: 'TLS' }), 'primary')).toMatchObject({ port: 5061, protocol: 'tls' });
    expect(hopOf(line({ proxy: 'a.example:5080', sipTransport: 'TCP' }), 'primary')).toMatchObject({
      port: 5080,
      explicitPort: true,
    });
  });

  it('is the outbound proxy when there is one, per leg', () => {
    const both = line({ ...dual, outboundProxy: 'oa.example', alternateOutboundProxy: 'ob.example:5070' });
    expect(hopOf(both, 'primary')).toMatchObject({ host: 'oa.example', outbound: true });
    expect(hopOf(both, 'alternate')).toMatchObject({ host: 'ob.example', port: 5070, outbound: true });
  });

  it('takes a transport written with the server', () => {
    expect(hopOf(line({ ...dual, alternateProxy: 'b.example;tcp' }), 'alternate')).toMatchObject({ protocol: 'tcp', port: 5060 });
  });

  it('locates the best entry of a static list and keeps its name', () => {
    const listed = line({ proxy: 'v.example:SRV=b:p=1:A=192.0.2.2|a:5070:p=0:A=192.0.2.1' });
    expect(hopOf(listed, 'primary')).toMatchObject({ host: '192.0.2.1', port: 5070, serverName: 'a' });
  });

  it('RED-87 has no alternate while Dual Registration is No', () => {
    const single = line({ ...dual, dualRegistration: false });
    expect(hopOf(single, 'alternate')).toBeUndefined();
    expect(legsOf(single)).toEqual(['primary']);
  });

  it('is written with IPv6 in brackets', () => {
    expect(formatHop({ host: '2001:db8::1', port: 5060, protocol: 'udp' })).toBe('[2001:db8::1]:5060;udp');
    expect(formatHop({ host: 'a', port: 5061, protocol: 'tls' })).toBe('a:5061;tls');
  });
});

describe('registrar domain (D-07)', () => {
  it('is the host of the leg’s own proxy', () => {
    expect(registrarDomain(line({ ...dual, proxy: 'a.example:5080' }), 'primary')).toBe('a.example');
    expect(registrarDomain(line(dual), 'alternate')).toBe('b.example');
    expect(registrarDomain(line({ ...dual, outboundProxy: 'o.example' }), 'primary')).toBe('a.example');
  });

  it('RED-99 falls back to the primary’s for an alternate with an outbound proxy only', () => {
    const edges = line({ proxy: 'a.example', alternateOutboundProxy: 'ob.example', dualRegistration: true });
    expect(registrarDomain(edges, 'alternate')).toBe('a.example');
    expect(lineMode(edges)).toBe('dual');
  });

  it('is the outbound proxy’s host when there is nothing else, and such a line does not register', () => {
    const outboundOnly = line({ outboundProxy: '[2001:db8::1]:5070' });
    expect(registrarDomain(outboundOnly, 'primary')).toBe('2001:db8::1');
    expect(registersLine(outboundOnly)).toBe(false);
    expect(registersLine(line({ proxy: 'a.example' }))).toBe(true);
  });
});

describe('line mode (redundancy 5.1)', () => {
  it.each([
    [{ userId: '', proxy: 'a.example' }, 'disabled', '5.1:1'],
    [{}, 'disabled', '5.1:1'],
    [dual, 'dual', '5.1:2'],
    [{ ...dual, alternateProxy: '' }, 'single', '5.1:4'],
    [{ ...dual, alternateProxy: 'A.example:5060' }, 'single', 'D-36'],
    [{ ...dual, alternateProxy: 'a.example;tcp' }, 'dual', '5.1:2'],
    [{ proxy: 'v:SRV=a|b' }, 'list', '5.1:3'],
    [{ proxy: 'a.example', survivabilityProxy: 'gw.example' }, 'list', '5.1:3'],
    [{ ...dual, proxy: 'v:SRV=a|b' }, 'dual', '5.1:2'],
    [{ proxy: 'a.example' }, 'single', '5.1:4'],
    [{ outboundProxy: 'a.example' }, 'single', '5.1:4'],
  ] as const)('of %j is %s by %s', (ext, mode, rule) => {
    expect(lineModeReason(line(ext))).toMatchObject({ mode, rule });
  });
});
