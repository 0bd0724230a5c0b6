import { readFileSync } from 'node:fs';
import { describeFinding, knownMechanisms, policyFindings } from '@offhook/core';
import { describe, expect, it } from 'vitest';
import { type ConfigurationSource, readConfiguration } from '../src/index.ts';

const read = (text: string, more: Partial<ConfigurationSource> = {}) => readConfiguration({ name: 'x.yaml', text, ...more });
const places = (text: string) => read(text).findings.map(({ at, code, path }) => `${at?.line}:${at?.column} ${code} ${path}`);

describe('a YAML configuration', () => {
  const office = readFileSync(new URL('./data/office.yaml', import.meta.url), 'utf8');
  const resolveSecret = (reference: object) => ('env' in reference && reference.env === 'DESK_PASSWORD' ? 's3cret' : undefined);

  it('gives lines from templates and ranges', () => {
    const { config, findings, format } = read(office, { resolveSecret });
    expect(format).toBe('yaml');
    expect(findings).toEqual([]);
    expect(config).toMatchObject({
      cluster: 'office',
      edge: { name: 'edge1', listen: [{ protocol: 'udp', host: '127.0.0.1', port: 5060 }] },
      phone: { tryBackupRsc: '503,5??' },
    });
    expect(config?.lines).toHaveLength(501);
    expect(config?.lines[0]).toMatchObject({
      id: 'reception',
      ext: { userId: '0400', displayName: 'Reception', password: 's3cret' },
    });
    expect(config?.lines[500]).toMatchObject({
      id: '1499',
      ext: { userId: '1499', displayName: 'Desk 1499', dualRegistration: true },
    });
  });

  it('keeps numbers that are names as they are written', () => {
    const { config } = read(
      'lines:\n  - { userId: 0400, authId: +4930, displayName: 1e3, sipPort: 05062, proxy: a, password: 12345678901234567890 }',
    );
    expect(config?.lines[0]?.ext).toMatchObject({
      userId: '0400',
      authId: '+4930',
      displayName: '1e3',
      sipPort: 5062,
      password: '12345678901234567890',
    });
  });

  it('reads JSON, a byte order mark, anchors and sections without content', () => {
    expect(read('\ufeff{"lines": [{"id": "1", "proxy": "a"}]}').config?.lines).toHaveLength(1);
    expect(read('templates:\nplugins:\nlines:\n  - &a { id: "1" }\n  - <<: 1\n').findings[0]).toMatchObject({
      code: 'key.unknown',
    });
    expect(
      read('phone: &p { sipT1: 1 }\nlines: [{ id: a, proxy: &x b }, { id: c, proxy: *x }]').config?.lines[1]?.ext.proxy,
    ).toBe('b');
  });

  it('finds every fault at once, each at its place', () => {
    const text = `cluster: a.b
edge: { lsten: [] }
phone:
  sipTimrB: 3
  sipT2: soon
templates:
  office:
    sipTransport: UPD
lines:
  - id: "1"
    template: ofice
  - from: 5
    register: perhaps
`;
    expect(read(text).findings.map(describeFinding)).toEqual([
      'x.yaml:1:1: error value.invalid: This value is not accepted here. Seen: a.b. Allowed: letters, digits, - and _, at most 63. Correct the value.',
      'x.yaml:2:9: error key.unknown: This key is not known here. Seen: lsten. Allowed: name, listen, tls, strangers, trusted, limits. Did you mean listen?',
      'x.yaml:4:3: error key.unknown: This key is not known here. Seen: sipTimrB. Allowed: a key of the parameter reference. Did you mean sipTimerB?',
      'x.yaml:5:3: error value.invalid: SIP T2 does not take this value. Seen: soon. Allowed: 0-64 s. Correct the value.',
      'x.yaml:8:5: error value.invalid: SIP Transport does not take this value. Seen: UPD. Allowed: UDP, TCP, TLS, AUTO. Did you mean UDP?',
      'x.yaml:11:5: error line.unknown-template: There is no template of this name. Seen: ofice. Allowed: office. Did you mean office?',
      'x.yaml:13:5: error value.invalid: Register does not take this value. Seen: perhaps. Allowed: Yes or No. Correct the value.',
      'x.yaml:12:5: error value.invalid: A range needs both from and count; count is missing. Seen: nothing. Allowed: a whole number, 1-1000000. Set count.',
    ]);
    expect(read(text).config).toBeUndefined();
  });

  it.each([
    ['a: [1\nb: 2', '2:1 yaml.syntax '],
    ['\tlines: []', '1:1 yaml.syntax '],
    ['lines: []\n---\nlines: []', '2:1 yaml.syntax '],
    ['lines: !tag []', '1:8 yaml.syntax '],
    ['lines: *nobody', '1:1 yaml.syntax '],
    ['lines: "', '1:9 yaml.syntax '],
  ])('says where %j cannot be read', (text, expected) => {
    expect(places(text)[0]).toBe(expected);
    expect(read(text).config).toBeUndefined();
  });

  it('refuses a key that stands twice, and goes on to the other faults', () => {
    expect(places('lines:\n  - id: "1"\n    proxy: a\n    proxy: b\n    nope: 1')).toEqual([
      '4:5 yaml.syntax ',
      '5:5 key.unknown lines[0].nope',
    ]);
  });

  it('survives an alias bomb', () => {
    const text = `a: &a [x, x]\n${[...'bcdefghijklmnop'].map((name, i) => `${name}: &${name} [*${'abcdefghijklmnop'[i]}, *${'abcdefghijklmnop'[i]}]`).join('\n')}`;
    expect(read(text)).toMatchObject({ config: undefined, findings: [{ code: 'yaml.syntax' }] });
  });

  it.each(['', '# nothing', '[]', 'text', '~'])('refuses %j, which is no mapping', (text) => {
    expect(read(text)).toMatchObject({ config: undefined, findings: [{ code: 'value.invalid', allowed: 'a mapping' }] });
  });

  it('points repairs to where the value stands, or to the line that lacks it', () => {
    expect(
      places(
        'phone: { regRetryIntvl: 0 }\ntemplates:\n  t:\n    registerExpires: 0\nlines:\n  - id: "1"\n    template: t\n    proxy: a\n',
      ),
    ).toEqual(['1:10 reg.retry-zero phone.regRetryIntvl', '4:5 reg.expires-zero templates.t.registerExpires']);
  });

  it('RED-89 places a refused mechanism at its parameter', () => {
    const { config, locate } = read(
      'templates:\n  t: { alternateProxy: b, dualRegistration: Yes, useDnsSrv: Yes }\nlines:\n  - { from: 1, count: 3, template: t, proxy: a }\n',
    );
    expect(policyFindings(config?.lines ?? [], knownMechanisms, locate)).toMatchObject([
      { code: 'policy.conflict', line: '1', lines: 3, path: 'useDnsSrv', at: { file: 'x.yaml', line: 2, column: 50 } },
    ]);
  });

  it('never repeats a secret', () => {
    const { findings } = read(
      'lines:\n  - { id: "1", proxy: a, proxyFallbackIntvl: 0, password: [hunter2] }\n  - { id: "2", proxy: a, proxyFallbackIntvl: 0, password: { file: 1 } }',
    );
    expect(findings).toMatchObject([{ path: 'lines[0].password', seen: 'something else' }, { path: 'lines[1].password' }]);
    expect(JSON.stringify(findings)).not.toContain('hunter2');
  });
});

describe('the cost of a range', () => {
  const text = (count: number) =>
    `templates:\n  t: { proxy: a.example, alternateProxy: b.example, dualRegistration: Yes, password: "pw-{n}" }\nlines:\n  - { from: 100000, count: ${count}, template: t }\n`;
  const timed = (count: number) => {
    const started = performance.now();
    const lines = read(text(count)).config?.lines.length;
    return { lines, ms: performance.now() - started };
  };

  it('is below 200 ms for 5,000 lines and below 2 s for 50,000', () => {
    timed(100);
    const small = timed(5000);
    expect(small.lines).toBe(5000);
    expect(small.ms).toBeLessThan(200);
    const large = timed(50_000);
    expect(large.lines).toBe(50_000);
    expect(large.ms).toBeLessThan(2000);
  });
});
