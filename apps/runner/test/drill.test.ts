import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { command } from './support/command.ts';
import { type Folder, makeFolder } from './support/folder.ts';
import { jsonLines } from './support/offhook.ts';

let folder: Folder;
beforeAll(() => {
  folder = makeFolder();
});
afterAll(() => folder.remove());

const example = (name: string): string => fileURLToPath(new URL(`../../../examples/drills/${name}`, import.meta.url));

const phone = 'lines:\n  - { userId: "1001", password: { env: NOBODY_SET_THIS }, proxy: 10.0.0.1, registerExpires: 60 }\n';
const script = 'script:\n  - { at: 70, server: S1, is: silent, for: 100 }\n  - { at: 140, call: all, for: 5 }\nuntil: 300\n';

interface Report {
  readonly configuration: string;
  readonly story: readonly string[];
  readonly advice: readonly string[];
  readonly outcome: { readonly lines: readonly { readonly line: string; readonly route: readonly object[] }[] };
  readonly timeline: { readonly entries: readonly { readonly atS: number; readonly lane: string }[] };
}

describe('offhook drill', () => {
  it('tells the story of the example, what to change, and the timeline', async () => {
    const svg = folder.at('outage.svg');
    const { code, out, err } = await command(['drill', example('primary-outage.yaml'), '--svg', svg]);
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('S1 is silent from 100 s to 900 s, 13 min 20 s.');
    expect(out).toContain('New calls of line 1001 go straight to S2 from 237.52 s on');
    expect(out).toContain('Line 1001, call at 120 s: answered after 16 s, by S2 after S1 did not serve it.');
    expect(out).toContain('SIP Timer B (phone.sipTimerB) is 16 s');
    expect(out).toMatch(/136 s {2}call c2 goes to the alternate .*did not answer \[6\.4:primary-failed\/no-response\]/);
    // The picture in the documentation is the one that the command draws.
    await expect(readFileSync(svg, 'utf8')).toMatchFileSnapshot('../../../docs/drill-primary-outage.svg');
  });

  it('uses the configuration that is named beside the drill, a flat profile too; --compare tells what differs', async () => {
    const { code, out } = await command(['drill', example('overload.yaml'), '--compare', example('phone-with-codes.xml')]);
    expect(code).toBe(0);
    expect(out).toMatch(/line 4001: call at 360 s\n.*phone\.xml +failed \(503\) at S1\n.*phone-with-codes\.xml +answered by S2/);
    expect(out).toContain('line 4001: new calls go to');
  });

  it('needs no password, and prints one JSON document with --json', async () => {
    const file = folder.write('single.yaml', `configuration: phone.yaml\n${script}`);
    folder.write('phone.yaml', phone);
    const { code, out, err } = await command(['drill', file, '--json']);
    expect([code, err]).toEqual([0, '']);
    const [report, ...others] = jsonLines(out) as readonly Report[];
    expect(others).toEqual([]);
    expect(report?.configuration).toBe(folder.at('phone.yaml'));
    expect(report?.story).toContain('Line 1001, call at 140 s: failed (not-registered), it left by no server.');
    expect(report?.advice.join(' ')).toContain('Set Alternate Proxy (alternateProxy) and Dual Registration');
    const instants = report?.timeline.entries.map(({ atS }) => atS) ?? [];
    expect([...instants].sort((a, b) => a - b)).toEqual(instants);
  });

  it('lays two presets side by side', async () => {
    const list =
      'configuration:\n  lines:\n    - { userId: "1", password: x, proxy: 10.0.0.1, alternateProxy: 10.0.0.2, dualRegistration: true }\n';
    const file = folder.write('presets.yaml', `${list}script:\n  - { at: 10, call: all }\n`);
    const { code, out } = await command(['drill', file, '--preset', 'seed,mpp-11.3']);
    expect(code).toBe(0);
    expect(out).toContain('mpp-11.3 makes no difference in this drill.');
    const refused = await command(['drill', file, '--preset', 'new']);
    expect(refused.code).toBe(2);
    expect(refused.err).toContain('seed, mpp-11.3');
  });

  it('counts a fleet in place of telling it', async () => {
    const file = folder.write(
      'fleet.yaml',
      'configuration: phone.yaml\nscript:\n  - { at: 30, server: S1, is: silent, for: 40 }\nuntil: 150\n',
    );
    const svg = folder.at('fleet.svg');
    const { code, out } = await command(['drill', file, '--lines', '300', '--svg', svg]);
    expect(code).toBe(0);
    expect(out).toMatch(
      /S1 10\.0\.0\.1: \d+ REGISTERs, at most \d+ in one second .*all registered again \d+(\.\d+)? s after its return/,
    );
    expect(out).toContain('REGISTER/s at S1');
    expect(readFileSync(svg, 'utf8')).toContain('300 lines');
  });

  it('gives the timeline of one line, and says which there are', async () => {
    const file = folder.write('many.yaml', `lines: 6\nconfiguration: phone.yaml\n${script}`);
    expect((await command(['drill', file])).out).toContain('The timeline of one line: --line 1001.');
    expect((await command(['drill', file, '--line', '1001-2'])).out).toContain('── S1 is silent ──');
    const unknown = await command(['drill', file, '--line', '7']);
    expect([unknown.code, unknown.err]).toEqual([2, expect.stringContaining('There is no line "7". Lines here: 1001')]);
  });

  it('exits 2 with every fault at its place: of the drill, of its configuration, of names', async () => {
    const bad = folder.write(
      'bad.yaml',
      'configuration: { lines: [{ userId: "1", proxi: x }] }\nscript:\n  - { at: x, call: 1 }\n  - { jump: 1 }\n',
    );
    const drill = await command(['drill', bad]);
    expect(drill.code).toBe(2);
    expect(drill.err).toMatch(/bad\.yaml:3:\d+: error value\.invalid/);
    expect(drill.err).toMatch(/bad\.yaml:4:\d+: error value\.invalid/);
    const config = await command([
      'drill',
      folder.write('config.yaml', 'configuration: { lines: [{ userId: "1", proxi: x }] }\nscript: []\n'),
    ]);
    expect(config.code).toBe(2);
    expect(config.err).toMatch(/config\.yaml:1:\d+: error key\.unknown[\s\S]*Did you mean proxy\?/);
    const names = await command([
      'drill',
      folder.write('names.yaml', `configuration: phone.yaml\nscript:\n  - { at: 1, restart: 77 }\n`),
      '--json',
    ]);
    expect(names.code).toBe(2);
    expect(jsonLines(names.err)).toEqual([
      {
        error: expect.objectContaining({
          code: 'E_CONFIG_INVALID',
          findings: [expect.objectContaining({ seen: '77', allowed: '1001' })],
        }),
      },
    ]);
    const missing = await command(['drill', folder.at('nothing.yaml')]);
    expect([missing.code, missing.err]).toEqual([2, expect.stringContaining('Cannot read drill')]);
  });
});
