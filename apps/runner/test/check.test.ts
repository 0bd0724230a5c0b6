import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { command } from './support/command.ts';
import { type Folder, makeFolder } from './support/folder.ts';
import { jsonLines, offhook } from './support/offhook.ts';

let folder: Folder;
beforeAll(() => {
  folder = makeFolder();
});
afterAll(() => folder.remove());

const good = 'lines:\n  - { userId: "1000", proxy: sip.example.net, proxyFallbackIntvl: 0, password: hush-hush }\n';
const faulty = `clustr: x
lines:
  - { userId: "1000", proxy: "a b", sipTransport: QUIC, password: hush-hush }
  - { userId: "1001", proxy: a, password: { env: NO_SUCH_SECRET } }
`;
const dualYaml = `lines:
  - userId: "1000"
    proxy: a.example.net
    alternateProxy: b.example.net
    dualRegistration: true
    useDnsSrv: true
    proxyFallbackIntvl: 600
    xMechanism: broadsoft
`;
const dualXml = `<flat-profile>
  <User_ID_1_>1000</User_ID_1_>
  <Password_1_>hush-hush</Password_1_>
  <Proxy_1_>a.example.net</Proxy_1_>
  <Alternate_Proxy_1_>b.example.net</Alternate_Proxy_1_>
  <Dual_Registration_1_>Yes</Dual_Registration_1_>
  <Use_DNS_SRV_1_>Yes</Use_DNS_SRV_1_>
  <Proxy_Fallback_Intvl_1_>600</Proxy_Fallback_Intvl_1_>
  <X_Mechanism_1_>broadsoft</X_Mechanism_1_>
</flat-profile>
`;

interface Report {
  readonly path: string;
  readonly runnable: boolean;
  readonly lines: number;
  readonly findings: readonly {
    readonly code: string;
    readonly severity: string;
    readonly at?: { readonly line: number; readonly column: number };
    readonly remedy: string;
    readonly lines?: number;
  }[];
  readonly error?: { readonly code: string };
}

async function report(...files: readonly string[]): Promise<{ readonly code: unknown; readonly files: readonly Report[] }> {
  const { code, out, err } = await command(['check', ...files.map(folder.at), '--json']);
  expect(err).toBe('');
  const [value, ...others] = jsonLines(out);
  expect(others).toEqual([]);
  return { code, files: value as readonly Report[] };
}

describe('offhook check', () => {
  it('finds nothing wrong with a good file and exits 0', async () => {
    const path = folder.write('good.yaml', good);
    expect(await command(['check', path])).toEqual({
      code: 0,
      out: `${path}: 1 line can be run; 0 errors, 0 warnings, 0 remarks`,
      err: '',
    });
  });

  it('lists every fault at once: its place, what was seen, what is allowed, what to do', async () => {
    folder.write('faulty.yaml', faulty);
    const { code, out, err } = await offhook(['check', 'faulty.yaml'], { cwd: folder.path });
    expect({ code, err }).toEqual({ code: 2, err: '' });
    for (const words of [
      'faulty.yaml:1:1: error key.unknown',
      'Did you mean cluster?',
      'faulty.yaml:3:23: error server.invalid, line 1000',
      'faulty.yaml:3:37: error value.invalid (lines[0].sipTransport)',
      'seen     QUIC',
      'allowed  UDP, TCP, TLS, AUTO',
      'faulty.yaml:4:33: error secret.unavailable',
      'environment variable NO_SUCH_SECRET',
      'faulty.yaml: cannot be run; 4 errors',
    ])
      expect(out).toContain(words);
    expect(out).not.toContain('hush');
  });

  it('gives the same as data with --json', async () => {
    folder.write('faulty.yaml', faulty);
    const { code, files } = await report('faulty.yaml');
    expect(code).toBe(2);
    expect(files).toMatchObject([{ path: folder.at('faulty.yaml'), runnable: false }]);
    expect(
      files[0]?.findings.filter(({ severity }) => severity === 'error').map(({ at }) => `${at?.line}:${at?.column}`),
    ).toEqual(expect.arrayContaining(['1:1', '3:23', '3:37', '4:33']));
  });

  it('judges the other files when one cannot be read', async () => {
    folder.write('good.yaml', good);
    const { code, files } = await report('missing.yaml', 'good.yaml', '.');
    expect(code).toBe(2);
    expect(files.map(({ path, runnable, error }) => [path, runnable, error?.code])).toEqual([
      [folder.at('missing.yaml'), false, 'E_CONFIG_UNREADABLE'],
      [folder.at('good.yaml'), true, undefined],
      [folder.at('.'), false, 'E_CONFIG_UNREADABLE'],
    ]);
  });

  it.each([
    ['broken.yaml', 'lines:\n  - { userId: 1 }\n   - x\n', 'yaml.syntax', 3],
    ['broken.xml', '<flat-profile>\n<Proxy_1_>a</Proxy_1>\n</flat-profile>\n', 'xml.syntax', 2],
    ['other.xml', '<html></html>', 'xml.no-profile', 1],
  ])('places the syntax fault of %s', async (name, text, fault, line) => {
    folder.write(name, text);
    const { code, files } = await report(name);
    expect(code).toBe(2);
    expect(files[0]?.findings.map((finding) => [finding.code, finding.at?.line])).toEqual([[fault, line]]);
  });

  it('keeps its output short where a value is very long', async () => {
    folder.write('long.yaml', `lines:\n  - { userId: "1", proxy: "${'a b'.repeat(100_000)}" }\n`);
    const { code, out } = await command(['check', folder.at('long.yaml')]);
    expect(code).toBe(2);
    expect(out.length).toBeLessThan(2_000);
  });

  it('reads ranges, templates and secrets of the environment and of files', async () => {
    folder.write('secret.txt', 'hush-hush\n');
    folder.write(
      'range.yaml',
      `templates:
  desk: { proxy: sip.example.net, password: { env: DESK_SECRET } }
lines:
  - { template: desk, from: 100, count: 50, displayName: "Desk {n}", proxyFallbackIntvl: 0 }
  - { template: desk, userId: "7", proxyFallbackIntvl: 0, password: { file: ${folder.at('secret.txt')} } }
`,
    );
    const { code, out } = await offhook(['check', 'range.yaml', '--json'], {
      cwd: folder.path,
      env: { DESK_SECRET: 'hush-hush' },
    });
    expect(code).toBe(0);
    expect(jsonLines(out)).toEqual([[{ path: 'range.yaml', runnable: true, lines: 51, findings: [] }]]);
  });
});

describe('figures of a configuration', () => {
  const listYaml = `templates:
  desk: { proxy: "v.example:SRV=a:p=0|b:p=1|c:p=2", autoRegisterWhenFailover: true, registerExpires: 600 }
lines:
  - { template: desk, from: 100, count: 500, proxyFallbackIntvl: 1000 }
  - userId: "7"
    proxy: a.example.net
    alternateProxy: b.example.net
    dualRegistration: true
  - { userId: "8", proxy: c.example.net }
`;

  it('are remarks at the place of the parameter, said once for a range', async () => {
    folder.write('list.yaml', listYaml);
    const { code, files } = await report('list.yaml');
    expect(code).toBe(0);
    const told = files[0]?.findings.map(({ severity, code: name, at, lines }) => [
      severity,
      name,
      `${at?.line}:${at?.column}`,
      lines,
    ]);
    expect(told).toEqual([
      ['info', 'figure.outage', '2:11', 500],
      ['info', 'figure.fallback', '4:46', 500],
      ['info', 'figure.dual-outage', '5:5', undefined],
      ['info', 'figure.no-fallback', '9:5', undefined],
    ]);
  });

  it('say how long a caller waits and when a line returns', async () => {
    folder.write('list.yaml', listYaml);
    const { out } = await command(['check', folder.at('list.yaml')]);
    const text = out.replaceAll(/\n +/g, ' ');
    for (const words of [
      'Worst case for a caller: 80 s, when all 3 servers are silent: 3 x SIP Timer B (16 s) + 2 x SIP Timer F (16 s)',
      'falls back at 1200 s after a failover, not 1000 s, because Auto Register When Failover is Yes',
      "each call waits 16 s (SIP Timer B) until the primary's next REGISTER fails, at most 2811.5 s",
      'A Register Expires of 300 makes that 237.5 s.',
      'never returns to a better server by itself: the plain A records of a name have one rank',
      '502 lines can be run; 0 errors, 0 warnings, 4 remarks',
    ])
      expect(text).toContain(words);
  });

  it('are not said of what cannot be run', async () => {
    folder.write('list.yaml', `${listYaml}bogus: 1\n`);
    expect((await report('list.yaml')).files[0]?.findings.map(({ code }) => code)).toEqual(['key.unknown']);
  });
});

describe.each([
  ['dual.yaml', dualYaml],
  ['dual.xml', dualXml],
])('Dual Registration beside other mechanisms (%s)', (name, text) => {
  it('names both mechanisms, the sentence of the manual and the remedy, and exits 2', async () => {
    folder.write(name, text);
    const { code, out } = await command(['check', folder.at(name)]);
    expect(code).toBe(2);
    for (const words of [
      'BroadWorks access-device redundancy (broadsoft) and Dual Registration (dual-registration)',
      'DNS SRV failover and recovery (dns-srv) and Dual Registration (dual-registration)',
      'cannot be combined with other fallback or recovery mechanisms such as DNS SRV recovery or Broadsoft',
      'Set X Mechanism to auto.',
      'Set Proxy Fallback Intvl to 0',
      'Set Dual Registration to No',
    ])
      expect(out).toContain(words);
    expect(out).not.toContain('hush');
  });

  it('can be run all the same', async () => {
    folder.write(name, text);
    const { files } = await report(name);
    expect(files).toMatchObject([{ runnable: true, lines: 1 }]);
    expect(files[0]?.findings.map(({ code }) => code)).toEqual(['policy.conflict', 'policy.conflict', 'figure.dual-outage']);
  });

  it('is refused by run --strict with exit 2, before anything starts', async () => {
    folder.write(name, text);
    const { code, out, err } = await command(['run', folder.at(name), '--strict', '--json']);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(jsonLines(err)).toMatchObject([
      { error: { code: 'E_CONFIG_INVALID', exit: 2, findings: [{ code: 'policy.conflict' }, { code: 'policy.conflict' }] } },
    ]);
  });
});
