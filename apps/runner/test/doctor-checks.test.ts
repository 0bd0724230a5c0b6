import {
  type LineInput,
  type LocateRequest,
  type Locator,
  parseRuntimeConfig,
  type RuntimeConfig,
  TransportError,
} from '@offhook/core';
import { createVirtualAmbient } from '@offhook/lab';
import { describe, expect, it } from 'vitest';
import { createClockCheck } from '../src/commands/doctor-clock.ts';
import { configurationChecks } from '../src/commands/doctor-config.ts';
import { nodeCheck, openFileCheck, receiveBufferCheck } from '../src/commands/doctor-machine.ts';
import { serverChecks } from '../src/commands/doctor-servers.ts';

const dual: LineInput = {
  proxy: 'a.example.net',
  alternateProxy: 'b.example.net',
  dualRegistration: true,
  proxyFallbackIntvl: 0,
};
const config = (values: LineInput, count: number, phone: RuntimeConfig['phone'] | object = {}): RuntimeConfig =>
  parseRuntimeConfig({ phone, lines: [{ ...dual, ...values, from: 1000, count }] });
const codes = (given: RuntimeConfig): readonly string[] =>
  configurationChecks(given, [], []).flatMap(({ severity, code }) => (severity === 'ok' ? [] : [`${severity} ${code}`]));

describe('Node.js', () => {
  it.each([
    ['18.20.0', 'error'],
    ['20.18.3', 'error'],
    ['20.19.0', 'info'],
    ['22.0.0', 'info'],
    ['24.1.0', 'ok'],
  ])('%s is %s', (version, severity) => {
    expect(nodeCheck(version).severity).toBe(severity);
  });
});

describe('the clock', () => {
  const at = (text: string) => Date.parse(text);
  const check = (...wall: readonly number[]) => {
    let reads = 0;
    const clock = createClockCheck(
      () => 0,
      () => wall[Math.min(reads++, wall.length - 1)] ?? 0,
    );
    return clock.check()[0]?.code;
  };

  it.each([
    ['1970-01-01T00:00:10Z', 'clock.year'],
    ['2150-01-01T00:00:00Z', 'clock.year'],
    ['2026-06-01T00:00:00Z', 'clock'],
  ])('of %s is %s', (text, code) => {
    expect(check(at(text))).toBe(code);
  });

  it('that jumps against the monotonic one is told', () => {
    expect(check(at('2026-06-01T00:00:00Z'), at('2026-06-01T00:00:02Z'))).toBe('clock.jump');
  });
});

describe('limits', () => {
  const severity = (found: readonly { readonly severity: string }[]): string | undefined => found[0]?.severity;

  it.each([
    ['UDP', 1_000, 1_024, 'ok'],
    ['TCP', 100, 1_024, 'ok'],
    ['TCP', 350, 1_024, 'warning'],
    ['TLS', 1_000, 1_024, 'error'],
    ['TCP', 1_000, 20_000, 'ok'],
  ] as const)('of open files, %s lines x %i, limit %i: %s', (sipTransport, count, limit, expected) => {
    expect(severity(openFileCheck(config({ sipTransport }, count).lines, limit))).toBe(expected);
  });

  it('of a receive buffer count with all lines at once, or with those of a second', () => {
    const small = 212_992;
    expect(severity(receiveBufferCheck(config({}, 50), small))).toBe('ok');
    const found = receiveBufferCheck(config({}, 500), small);
    expect(found).toMatchObject([{ severity: 'warning', remedy: expect.stringContaining('net.core.rmem_max=1152000') }]);
    expect(severity(receiveBufferCheck(config({}, 500, { xInitialRegSpread: 10 }), small))).toBe('ok');
    expect(receiveBufferCheck(config({ sipTransport: 'TCP' }, 500), small)).toEqual([]);
  });
});

describe('a configuration', () => {
  it('is told how long and how often a silent primary costs its calls Timer B', () => {
    const [found] = configurationChecks(config({ registerExpires: 3600 }, 1), [], []).filter(
      ({ code }) => code === 'dual.silence',
    );
    expect(found).toMatchObject({ severity: 'warning', seen: expect.stringContaining('each call 16 s, for up to 2812 s') });
    const shorter = configurationChecks(config({ registerExpires: 120 }, 1, { sipTimerB: 4 }), [], []);
    expect(shorter.find(({ code }) => code === 'dual.silence')).toMatchObject({
      severity: 'info',
      seen: expect.stringContaining('each call 4 s, for up to 97.1 s'),
    });
  });

  it('of many lines without a spread is told, of few or spread ones not', () => {
    const near = { proxy: '10.0.0.1', alternateProxy: '10.0.0.2', registerExpires: 60 };
    expect(codes(config(near, 200))).toEqual(['info dual.silence', 'warning start.burst']);
    expect(codes(config(near, 200, { xInitialRegSpread: 5 }))).toEqual(['info dual.silence']);
    expect(codes(config(near, 100))).toEqual(['info dual.silence']);
  });

  it.each([
    ['a name', { proxy: 'a.example.net' }, true],
    ['a public address', { proxy: '192.0.2.1' }, true],
    ['a private address', { proxy: '192.168.1.1' }, false],
    ['a short expiry', { proxy: 'a.example.net', registerExpires: 50 }, false],
    ['TCP', { proxy: 'a.example.net', sipTransport: 'TCP' as const }, false],
    ['a keepalive', { proxy: 'a.example.net', natKeepAliveEnable: true }, false],
  ])('with %s may be forgotten by NAT: %s', (_, values, expected) => {
    expect(codes(config(values, 1)).includes('info nat.forgets')).toBe(expected);
  });

  it('that takes any name for the right one over TLS is told', () => {
    expect(codes(config({ sipTransport: 'TLS', tlsNameValidate: false }, 1))).toContain('warning tls.any-name');
    expect(codes(config({ sipTransport: 'TLS' }, 1))).not.toContain('warning tls.any-name');
  });

  it('without lines is told', () => {
    expect(codes(parseRuntimeConfig({ lines: [] }))).toEqual(['warning lines.none']);
  });
});

describe('a DNS server that does not answer', () => {
  it('is waited for two seconds, for all names at once', async () => {
    const ambient = createVirtualAmbient({ seed: 1 });
    const locator = { locate: () => new Promise<never>(() => {}) };
    const checks = serverChecks({ config: config({}, 3), locator, ambient });
    await ambient.runFor(2_000);
    const seen = 'no answer of DNS within 2 s';
    expect(await checks).toMatchObject([
      { code: 'server.unresolved', subject: 'a.example.net udp', seen, why: '3 lines cannot send anything to it.' },
      { code: 'server.unresolved', subject: 'b.example.net udp', seen },
    ]);
  });
});

describe('a line whose servers DNS ranks', () => {
  it('has them looked for as it does itself; those of two registrations are looked for by address', async () => {
    const asked: LocateRequest[] = [];
    const locator: Locator = {
      async locate(request) {
        asked.push(request);
        throw new TransportError('E_TRANSPORT_UNRESOLVED', 'nothing');
      },
    };
    const ambient = createVirtualAmbient({ seed: 1 });
    const single = { dualRegistration: false, alternateProxy: '' };
    await serverChecks({ config: config({ ...single, useDnsSrv: true, dnsSrvAutoPrefix: true }, 2), locator, ambient });
    await serverChecks({ config: config({ ...single, sipTransport: 'AUTO' }, 1), locator, ambient });
    await serverChecks({ config: config({ useDnsSrv: true }, 1), locator, ambient });
    const host = 'a.example.net';
    expect(asked).toMatchObject([
      { host, port: undefined, protocol: 'udp', srv: true, autoPrefix: true },
      { host, port: undefined, protocol: 'auto', srv: true },
      { host, port: 5060, protocol: 'udp' },
      { host: 'b.example.net', port: 5060, protocol: 'udp' },
    ]);
    expect(asked.slice(2).some(({ srv }) => srv)).toBe(false);
  });
});
