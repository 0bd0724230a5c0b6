import { describe, expect, it } from 'vitest';
import type { MechanismManifest } from '../contracts/mechanism.ts';
import { knownMechanisms } from '../policy/known.ts';
import { type ExtConfig, lineConfig, type PhoneConfig, phoneConfig } from './line.ts';
import { outageFigures, outageFindings } from './outage-figures.ts';

const line = (ext: Partial<ExtConfig>, phone: Partial<PhoneConfig> = {}, id = '1') =>
  lineConfig({ id, ext: { userId: id, ...ext }, phone: phoneConfig(phone) });
const figures = (ext: Partial<ExtConfig>, phone: Partial<PhoneConfig> = {}) =>
  outageFigures(line(ext, phone), undefined).map(({ code, message, remedy }) => `${code}: ${message}${remedy && ` ${remedy}`}`);

const three = 'v:SRV=a:p=0|b:p=1|c:p=2';
const dual = { proxy: 'a.example', alternateProxy: 'b.example', dualRegistration: true };
const ar = { autoRegisterWhenFailover: true };

describe('worst case for a caller (5.6, RED-48)', () => {
  it('is Timer B at each server', () => {
    expect(figures({ proxy: three })[0]).toBe(
      'figure.outage: Worst case for a caller: 48 s, when all 3 servers are silent: 3 x SIP Timer B (16 s).',
    );
    expect(figures({ proxy: three }, { sipTimerB: 32 })[0]).toMatch(/: 96 s,/);
  });

  it('adds Timer F for the REGISTER of each move with Auto Register When Failover (D-15)', () => {
    expect(figures({ proxy: three, ...ar })[0]).toBe(
      'figure.outage: Worst case for a caller: 80 s, when all 3 servers are silent: 3 x SIP Timer B (16 s) + 2 x SIP Timer F (16 s), since each move registers first (D-15).',
    );
    expect(figures({ proxy: three, ...ar, register: false })[0]).toMatch(/: 48 s,/);
  });

  it('counts every address and every gateway', () => {
    expect(figures({ proxy: 'v:A=192.0.2.1,192.0.2.2', survivabilityProxy: 'g1|g2' })[0]).toMatch(/: 64 s, when all 4 servers/);
  });

  it('leaves the number of servers to DNS', () => {
    expect(figures({ proxy: 'v.example', useDnsSrv: true })[0]).toMatch(/Each silent server costs a caller 16 s .* DNS says/);
    expect(figures({ proxy: 'v.example', sipTransport: 'AUTO', ...ar })[0]).toMatch(/each move up to 16 s more/);
  });

  it('says nothing of one server', () => {
    expect(figures({ proxy: '192.0.2.1' })).toEqual([]);
  });
});

describe('when a line falls back (5.7)', () => {
  const fallback = (ext: Partial<ExtConfig>, phone: Partial<PhoneConfig> = {}) =>
    figures({ proxy: three, ...ext }, phone).filter((text) => /fallback/.test(text));

  it.each([
    ['RED-01', { proxyFallbackIntvl: 600 }, '600 s after a failover.'],
    ['RED-02', { registerExpires: 800, proxyFallbackIntvl: 1000 }, '800 s after a failover, not 1000 s'],
    ['RED-03', { ...ar, proxyFallbackIntvl: 600 }, '3600 s after a failover, not 600 s'],
    ['RED-04', { ...ar, registerExpires: 600, proxyFallbackIntvl: 1000 }, '1200 s after a failover, not 1000 s'],
    ['RED-14, 15', { ...ar, xFallbackClock: 'refresh', proxyFallbackIntvl: 60 }, '2795.5 s after a failover, not 60 s'],
    ['RED-17', { ...ar, xFallbackClock: 'refresh', sipTransport: 'TCP', proxyFallbackIntvl: 60 }, '60 s after a failover.'],
    ['RED-27', { register: false, proxyFallbackIntvl: 600 }, '600 s after a failover.'],
  ] as const)('%s %j: %s', (_, ext, expected) => {
    expect(fallback(ext)).toEqual([expect.stringContaining(`figure.fallback: The line falls back at ${expected}`)]);
  });

  it('says why it is another instant than Proxy Fallback Intvl', () => {
    expect(fallback({ ...ar, registerExpires: 600, proxyFallbackIntvl: 1000 })[0]).toMatch(/because Auto Register When Failover/);
    expect(fallback({ registerExpires: 800, proxyFallbackIntvl: 1000 })[0]).toMatch(/because the registration held/);
    expect(fallback({ ...ar, registerExpires: 9000, proxyFallbackIntvl: 60 })[0]).toMatch(
      /7200 s .* a registration lasts 7200 s/,
    );
  });

  it('is never with an interval of 0 (D-09), and never among plain A records', () => {
    expect(fallback({ proxyFallbackIntvl: 0 })).toEqual([
      'figure.no-fallback: This line never returns to a better server by itself: Proxy Fallback Intvl is 0 (D-09).',
    ]);
    expect(fallback({ proxy: 'v.example' })).toEqual([expect.stringContaining('plain A records')]);
    expect(fallback({ proxy: 'v.example:5070', useDnsSrv: true })).toEqual([expect.stringContaining('plain A records')]);
    for (const proxyFallbackIntvl of [0, 600]) expect(fallback({ proxy: 'v.example', proxyFallbackIntvl })).toEqual([]);
  });

  it('is told of what DNS may rank, and of the gateway tier', () => {
    expect(fallback({ proxy: 'v.example', useDnsSrv: true })[0]).toMatch(
      /Where DNS ranks the servers, the line falls back at 3600/,
    );
    expect(fallback({ proxy: '192.0.2.1', survivabilityProxy: 'g' })[0]).toMatch(/30 s .* by Survivability Proxy Fallback Intvl/);
  });
});

describe('dual lines (6.4, D-14)', () => {
  it('pay Timer B until the next REGISTER fails', () => {
    expect(figures(dual)).toEqual([
      "figure.dual-outage: While the primary is silent each call waits 16 s (SIP Timer B) until the primary's next REGISTER fails, at most 2811.5 s (D-14). A Register Expires of 300 makes that 237.5 s.",
    ]);
    expect(figures({ ...dual, registerExpires: 300 })[0]).toMatch(/at most 237\.5 s \(D-14\)\.$/);
  });

  it('pay it as long as the outage lasts without a registration', () => {
    expect(figures({ ...dual, register: false })[0]).toMatch(/as long as it is/);
  });
});

describe('figures of many lines', () => {
  it('are remarks, each said once, at the place of the parameter', () => {
    const lines = ['1', '2', '3'].map((id) => line({ proxy: three, proxyFallbackIntvl: 600 }, {}, id));
    const found = outageFindings(lines, knownMechanisms, (id, key) => ({ file: `${id}.${key}`, line: 1, column: 1 }));
    expect(found).toMatchObject([
      { severity: 'info', code: 'figure.outage', line: '1', lines: 3, at: { file: '1.proxy' } },
      { severity: 'info', code: 'figure.fallback', lines: 3, at: { file: '1.proxyFallbackIntvl' } },
    ]);
  });

  it('are those of the mechanism that rules the line', () => {
    const asked = line({ proxy: three, proxyFallbackIntvl: 600, xMechanism: 'mover' });
    const mover: MechanismManifest = {
      name: 'mover',
      kind: 'mechanism',
      api: 1,
      title: 'Mover',
      claims: () => [{ aspect: 'route', hold: 'exclusive', because: 'it moves', remedy: 'auto' }],
      forces: ar,
    };
    expect(outageFindings([asked], [mover]).map(({ message }) => message)).toEqual([
      expect.stringContaining('80 s'),
      expect.stringContaining('3600 s after a failover'),
    ]);
  });

  it('are none where a line is disabled', () => {
    expect(figures({ proxy: three, userId: '' })).toEqual([]);
  });
});
