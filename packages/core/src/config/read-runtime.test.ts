import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../errors.ts';
import { describeFinding } from './finding.ts';
import { parseRuntimeConfig, type ReadOptions, readRuntimeConfig } from './read-runtime.ts';

const lineOf = (input: unknown, options: ReadOptions = {}) => parseRuntimeConfig(input, options).lines[0];
const faults = (input: unknown, options: ReadOptions = {}) =>
  readRuntimeConfig(input, options)
    .findings.filter(({ severity }) => severity === 'error')
    .map(({ code, path }) => `${code} ${path}`);
const one = (values: object) => ({ lines: [{ id: '1', proxy: 'a.example', proxyFallbackIntvl: 0, ...values }] });

describe('a runtime configuration', () => {
  it('has defaults for everything but lines', () => {
    expect(parseRuntimeConfig({})).toMatchObject({
      cluster: 'local',
      edge: { name: 'edge', listen: [{ protocol: 'udp', host: '0.0.0.0', port: 5060 }] },
      bus: {},
      plugins: [],
      strict: false,
      lines: [],
    });
  });

  it('gives one frozen phone to all lines', () => {
    const { lines, phone } = parseRuntimeConfig({ phone: { sipTimerB: 32 }, lines: [{ id: '1' }, { from: 5, count: 3 }] });
    expect(lines).toHaveLength(4);
    expect(new Set(lines.map((line) => line.phone))).toEqual(new Set([phone]));
    expect(phone.sipTimerB).toBe(32);
    expect(Object.isFrozen(phone)).toBe(true);
  });

  it('listens where the lines’ SIP Port and SIP Transport point, once each', () => {
    const lines = [
      { id: '1', proxy: 'a' },
      { id: '2', proxy: 'a', sipPort: 5062 },
      { id: '3', proxy: 'a', sipTransport: 'TCP', sipPort: 5064 },
      { id: '4', proxy: '[::1]' },
      { id: '5', proxy: 'b' },
    ];
    expect(parseRuntimeConfig({ lines }).edge.listen).toEqual([
      { protocol: 'udp', host: '0.0.0.0', port: 5060 },
      { protocol: 'udp', host: '0.0.0.0', port: 5062 },
      { protocol: 'tcp', host: '0.0.0.0', port: 0 },
      { protocol: 'udp', host: '::', port: 5060 },
    ]);
  });

  it('reads values as a profile writes them', () => {
    const ext = lineOf(
      one({
        dualRegistration: 'Yes',
        register: 'no',
        sipTransport: 'tcp',
        registerExpires: '600',
        userId: 4001,
        preferredCodecs: 'PCMA, G722',
      }),
    )?.ext;
    expect(ext).toMatchObject({
      dualRegistration: true,
      register: false,
      sipTransport: 'TCP',
      registerExpires: 600,
      userId: '4001',
      preferredCodecs: ['PCMA', 'G722'],
    });
  });

  it('takes the preset’s defaults, and what a line sets wins (D-02)', () => {
    const phone = { xDefaultsPreset: 'mpp-11.3' };
    expect(lineOf({ ...one({}), phone })?.ext).toMatchObject({ autoRegisterWhenFailover: true, xFallbackClock: 'refresh' });
    expect(lineOf({ ...one({ autoRegisterWhenFailover: false }), phone })?.ext.autoRegisterWhenFailover).toBe(false);
  });

  it('marks a line with its findings and keeps it running', () => {
    const reading = readRuntimeConfig({ phone: { regRetryIntvl: 0 }, ...one({ registerExpires: 0 }) });
    expect(reading.config?.lines[0]?.findings?.map(({ code, path, line }) => [code, path, line])).toEqual([
      ['reg.retry-zero', 'phone.regRetryIntvl', undefined],
      ['reg.expires-zero', 'lines[0].registerExpires', undefined],
    ]);
    expect(reading.findings.map(({ path, line }) => [path, line])).toEqual([
      ['phone.regRetryIntvl', undefined],
      ['lines[0].registerExpires', '1'],
    ]);
    expect(reading.config?.lines[0]?.ext.registerExpires).toBe(3600);
  });

  it('throws every fault at once, and refuses repairs when strict', () => {
    const thrown = (() => {
      try {
        parseRuntimeConfig({ foo: 1, phone: { sipT1: 'x' }, lines: [{ id: '' }] });
      } catch (error) {
        return error;
      }
    })();
    expect(thrown).toBeInstanceOf(ConfigError);
    expect(thrown).toMatchObject({
      code: 'E_CONFIG_INVALID',
      findings: [{ path: 'foo' }, { path: 'phone.sipT1' }, { path: 'lines[0].id' }],
    });
    expect(() => parseRuntimeConfig(one({ registerExpires: 0 }))).not.toThrow();
    expect(() => parseRuntimeConfig({ strict: true, ...one({ registerExpires: 0 }) })).toThrow(/Register Expires must not be 0/);
  });
});

describe('faults', () => {
  it.each([
    [undefined, 'value.invalid '],
    [null, 'value.invalid '],
    ['text', 'value.invalid '],
    [[], 'value.invalid '],
    [{ lines: {} }, 'value.invalid lines'],
    [{ lines: [1] }, 'value.invalid lines[0]'],
    [{ templates: { a: 1 } }, 'value.invalid templates.a'],
    [{ cluster: 'a.b' }, 'value.invalid cluster'],
    [{ bus: { url: 'http://x' } }, 'value.invalid bus.url'],
    [{ edge: { listen: [] } }, 'value.invalid edge.listen'],
    [{ edge: { listen: [{ protocol: 'udp', host: '::', port: 70_000 }] } }, 'value.invalid edge.listen[0].port'],
    [one({ sipTransport: 'UPD' }), 'value.invalid lines[0].sipTransport'],
    [one({ displayName: 'a\u0000' }), 'value.invalid lines[0].displayName'],
    [one({ dualRegistration: 1 }), 'value.invalid lines[0].dualRegistration'],
    [one({ sipT1: 1 }), 'key.unknown lines[0].sipT1'],
    [one({ password: { env: '' } }), 'value.invalid lines[0].password'],
    [one({ password: { env: 'A', file: 'b' } }), 'value.invalid lines[0].password'],
    [one({ password: { env: 'A' } }), 'secret.unavailable lines[0].password'],
    [one({ displayName: 'Desk {n}' }), 'line.no-number lines[0].displayName'],
    [one({ template: 'x' }), 'line.unknown-template lines[0].template'],
    [{ lines: [{ proxy: 'a' }] }, 'line.no-id lines[0]'],
    [{ lines: [{ id: 'a b' }] }, 'line.no-id lines[0].id'],
    [{ lines: [{ from: 1 }] }, 'value.invalid lines[0].count'],
    [{ lines: [{ count: 2 }] }, 'value.invalid lines[0].from'],
    [{ lines: [{ from: -1, count: 2 }] }, 'value.invalid lines[0].from'],
    [{ lines: [{ from: 1, count: 0 }] }, 'value.invalid lines[0].count'],
    [{ lines: [{ from: 1, count: 1e9 }] }, 'value.invalid lines[0].count'],
    [{ lines: [{ from: 1, count: 2, id: 'x' }] }, 'line.duplicate lines[0].id'],
    [{ lines: [{ id: '7' }, { from: 5, count: 9 }] }, 'line.duplicate lines[1].id'],
  ])('refuses %j', (input, expected) => {
    expect(faults(input)).toEqual([expected]);
    expect(readRuntimeConfig(input).config).toBeUndefined();
  });

  it.each([
    [{ phon: {} }, 'Did you mean phone?'],
    [{ edge: { listne: [] } }, 'Did you mean listen?'],
    [{ phone: { SIP_Timer_B: 1 } }, 'Did you mean sipTimerB?'],
    [one({ 'Dual Registration': true }), 'Did you mean dualRegistration?'],
    [one({ outboundProxi: 'x' }), 'Did you mean outboundProxy?'],
    [one({ sipTransport: 'TPC' }), 'Did you mean TCP?'],
    [one({ sipTimerB: 1 }), 'Move it to phone.'],
    [{ phone: { proxy: 'x' } }, 'Move it to a line or a template.'],
    [{ templates: { office: {} }, ...one({ template: 'offcie' }) }, 'Did you mean office?'],
  ])('suggests what %j most likely means', (input, remedy) => {
    expect(readRuntimeConfig(input).findings.find(({ severity }) => severity === 'error')).toMatchObject({ remedy });
  });

  it('never repeats a secret', () => {
    const text =
      JSON.stringify(readRuntimeConfig(one({ password: ['hunter2'] })).findings) +
      JSON.stringify(readRuntimeConfig(one({ password: 'hunter2{n}' })).findings);
    expect(text).toContain('value.invalid');
    expect(text).toContain('line.no-number');
    expect(text).not.toContain('hunter2');
  });

  it('read as one line with place, what was seen, what is allowed and what to do', () => {
    const locate = () => ({ file: 'x.yaml', line: 3, column: 5 });
    const [finding] = readRuntimeConfig(one({ sipTransport: 'UPD' }), { locate }).findings;
    expect(finding && describeFinding(finding)).toBe(
      'x.yaml:3:5: error value.invalid: SIP Transport does not take this value. Seen: UPD. Allowed: UDP, TCP, TLS, AUTO. Did you mean UDP?',
    );
  });
});

describe('templates and ranges', () => {
  const input = {
    templates: { office: { proxy: 'a.example', password: 'pw-{n}', displayName: 'Desk {n}', proxyFallbackIntvl: 0 } },
    lines: [{ from: 1000, count: 3, template: 'office', authId: 'auth{n}', displayName: 'Room {n}' }],
  };

  it('puts the number into every text and lets the line’s own value win', () => {
    expect(
      parseRuntimeConfig(input).lines.map(({ id, ext }) => [
        id,
        ext.userId,
        ext.authId,
        ext.displayName,
        ext.password,
        ext.proxy,
      ]),
    ).toEqual([1000, 1001, 1002].map((n) => [`${n}`, `${n}`, `auth${n}`, `Room ${n}`, `pw-${n}`, 'a.example']));
  });

  it('names lines by id when it is given', () => {
    const { lines } = parseRuntimeConfig({ lines: [{ from: 1, count: 2, id: 'lab-{n}', userId: '7{n}' }] });
    expect(lines.map(({ id, ext }) => [id, ext.userId])).toEqual([
      ['lab-1', '71'],
      ['lab-2', '72'],
    ]);
  });

  it('takes the user as id, and the id as user', () => {
    const { lines } = parseRuntimeConfig({ lines: [{ userId: '4001' }, { id: 'desk' }, { id: 'x', userId: '9' }] });
    expect(lines.map(({ id, ext }) => [id, ext.userId])).toEqual([
      ['4001', '4001'],
      ['desk', 'desk'],
      ['x', '9'],
    ]);
  });

  it('says once what thousands of lines share', () => {
    const { findings, config } = readRuntimeConfig({
      lines: [{ from: 1, count: 5000, proxy: 'a', registerExpires: 5, proxyFallbackIntvl: 0 }],
    });
    expect(findings).toMatchObject([{ code: 'reg.expires-range', line: '1', lines: 5000 }]);
    expect(config?.lines[4999]?.findings).toHaveLength(1);
  });

  it('judges each line of a range whose servers carry the number', () => {
    const { findings, config } = readRuntimeConfig({
      lines: [{ from: 65_534, count: 4, proxy: 'a:{n}', proxyFallbackIntvl: 0 }],
    });
    expect(config?.lines.map(({ ext }) => ext.proxy)).toEqual(['a:65534', 'a:65535', '', '']);
    expect(findings.find(({ code }) => code === 'server.invalid')).toMatchObject({ line: '65536', lines: 2, seen: 'a:65536' });
    expect(config?.lines[0]?.findings).toEqual([]);
  });

  it('repairs every line of a range', () => {
    const { lines } = parseRuntimeConfig({
      lines: [{ from: 1, count: 3, proxy: 'a', authId: 'x{n}', useAuthId: false, registerExpires: 0 }],
    });
    expect(lines.map(({ ext }) => [ext.authId, ext.registerExpires])).toEqual([
      ['', 3600],
      ['', 3600],
      ['', 3600],
    ]);
  });

  it('points a finding to the template the value came from', () => {
    const { findings, locate } = readRuntimeConfig(
      {
        templates: { office: { registerExpires: 0, proxyFallbackIntvl: 0 } },
        lines: [{ id: '1', proxy: 'a', template: 'office' }],
      },
      { locate: (path) => ({ file: path.join('/'), line: 1, column: 1 }) },
    );
    expect(findings).toMatchObject([{ path: 'templates.office.registerExpires' }]);
    expect(locate('1', 'registerExpires')?.file).toBe('templates/office/registerExpires');
    expect(locate('1', 'proxy')?.file).toBe('lines/0/proxy');
    expect(locate('2', 'proxy')).toBeUndefined();
  });

  it('finds the faults of a template once, and of one nobody uses', () => {
    expect(
      faults({
        templates: { a: { sipPort: -1 }, b: { nope: 1 } },
        lines: [
          { id: '1', template: 'a' },
          { id: '2', template: 'a' },
        ],
      }),
    ).toEqual(['value.invalid templates.a.sipPort', 'key.unknown templates.b.nope']);
  });
});

it('takes texts literally when asked to, as a profile does', () => {
  const { lines } = parseRuntimeConfig(one({ displayName: '{n}', password: 'a{n}' }), { literal: true });
  expect(lines[0]?.ext).toMatchObject({ displayName: '{n}', password: 'a{n}' });
});

describe('secrets', () => {
  const secrets: Readonly<Record<string, string>> = { PW: 'one\n', PW_1: 'first', PW_2: 'second', 'pw.txt': 'from file' };
  const asked: string[] = [];
  const resolveSecret: ReadOptions['resolveSecret'] = (reference) => {
    const name = 'env' in reference ? reference.env : reference.file;
    asked.push(name);
    return secrets[name];
  };

  it('come from references, without the line break at their end', () => {
    expect(lineOf(one({ password: { env: 'PW' } }), { resolveSecret })?.ext.password).toBe('one');
    expect(lineOf(one({ password: { file: 'pw.txt' } }), { resolveSecret })?.ext.password).toBe('from file');
  });

  it('are read once for a range, or line by line where the reference names the number', () => {
    asked.length = 0;
    const range = (env: string) => ({ lines: [{ from: 1, count: 2, password: { env } }] });
    expect(parseRuntimeConfig(range('PW'), { resolveSecret }).lines.map(({ ext }) => ext.password)).toEqual(['one', 'one']);
    expect(parseRuntimeConfig(range('PW_{n}'), { resolveSecret }).lines.map(({ ext }) => ext.password)).toEqual([
      'first',
      'second',
    ]);
    expect(asked).toEqual(['PW', 'PW_1', 'PW_2']);
  });

  it('of a template give way to a line’s own password', () => {
    const input = {
      templates: { t: { password: { env: 'PW' } } },
      lines: [
        { id: '1', template: 't', password: 'own' },
        { id: '2', template: 't' },
      ],
    };
    expect(parseRuntimeConfig(input, { resolveSecret }).lines.map(({ ext }) => ext.password)).toEqual(['own', 'one']);
  });

  it('that cannot be read refuse the configuration and say why', () => {
    const broken = readRuntimeConfig(one({ password: { file: 'x' } }), {
      resolveSecret: () => {
        throw new Error('permission denied');
      },
    });
    expect(broken.config).toBeUndefined();
    expect(broken.findings[0]).toMatchObject({
      code: 'secret.unavailable',
      seen: 'file x',
      message: expect.stringContaining('permission denied'),
    });
    expect(
      faults({ templates: { t: { password: { env: 'NONE' } } }, lines: [{ id: '1', template: 't' }] }, { resolveSecret }),
    ).toEqual(['secret.unavailable templates.t.password']);
  });
});

describe('whatever is given', () => {
  it('the reader answers with findings and never throws', () => {
    const key = fc.constantFrom(
      'cluster',
      'edge',
      'phone',
      'templates',
      'lines',
      'proxy',
      'password',
      'userId',
      'id',
      'from',
      'count',
      'template',
      'xMechanism',
      '__proto__',
    );
    const tree = fc.letrec((tie) => ({
      node: fc.oneof(
        { depthSize: 'small' },
        fc.anything({ maxDepth: 1 }),
        fc.constantFrom('{n}', 'a', 5, 'Yes'),
        fc.dictionary(key, tie('node')),
        fc.array(tie('node'), { maxLength: 3 }),
      ),
    })).node;
    fc.assert(
      fc.property(fc.oneof(tree, fc.dictionary(key, tree)), (input) => {
        const { config, findings } = readRuntimeConfig(input);
        expect(config !== undefined || findings.some(({ severity }) => severity === 'error')).toBe(true);
        expect(findings.map(describeFinding).join('')).not.toMatch(/\r|\n/);
      }),
      { numRuns: 500 },
    );
  });
});
