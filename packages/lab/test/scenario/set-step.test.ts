import { parseRuntimeConfig, type RuntimeInput } from '@offhook/core';
import { describe, expect, test } from 'vitest';
import { checkNames, outcomeOf, playScenario, readDrill, type Timeline } from '../../src/index.ts';

/* A step that changes the configuration of the running phone: redundancy reference 6.10, D-28. */

const read = (script: string) => readDrill({ name: 'drill.yaml', text: `script:\n${script}` });

async function play(config: RuntimeInput, script: string): Promise<Timeline> {
  const { drill, findings } = read(script);
  expect(findings).toEqual([]);
  if (drill === undefined) throw new Error('no drill');
  return playScenario({ config: parseRuntimeConfig(config), scenario: drill.scenario });
}

const single = { userId: '1001', password: 'secret', proxy: '10.0.0.1', displayName: 'Desk' };
const list = { ...single, proxy: 'l.example:SRV=10.0.0.1:p=0|10.0.0.2:p=1', proxyFallbackIntvl: 600 };

/** What the script said and what came of it, as a person reads it. */
const told = ({ entries }: Timeline) => entries.flatMap((entry) => (entry.lane === 'script' ? [[entry.atS, entry.text]] : []));
const effects = ({ entries }: Timeline) =>
  entries.flatMap((entry) =>
    entry.lane === 'script' ? (entry.changes ?? []).map(({ key, takesEffect }) => [entry.line, key, takesEffect]) : [],
  );
const registers = ({ entries }: Timeline, sinceS: number) =>
  entries.flatMap((entry) =>
    entry.lane === 'wire' && entry.method === 'REGISTER' && entry.direction === 'out' && entry.atS >= sinceS
      ? [[entry.server, entry.atS]]
      : [],
  );

describe('a parameter that is set in a drill', () => {
  test('counts at once, when its class is immediate: the way back comes sooner', async () => {
    const script = `
  - { at: 50, server: S1, is: refusing, for: 10 }
  - { at: 51, call: 1001, for: 1 }
  - { at: 100, set: { proxyFallbackIntvl: 120 }, line: 1001 }
  - { at: 300, call: 1001, for: 1 }
`;
    const timeline = await play({ lines: [list] }, script);
    expect(told(timeline)).toContainEqual([100, 'line 1001 is set to proxyFallbackIntvl 120']);
    expect(told(timeline)).toContainEqual([100, 'line 1001: proxyFallbackIntvl: counts from now on']);
    expect(effects(timeline)).toEqual([['1001', 'proxyFallbackIntvl', 'now']]);
    expect(outcomeOf(timeline).lines[0]?.route.at(-1)).toMatchObject({ state: 'S1', fromS: 171 });
  });

  test('waits for the last call, when its class is the line’s and a call is up; what is immediate does not', async () => {
    const script = `
  - { at: 50, call: 1001, for: 100 }
  - { at: 100, set: { proxy: 10.0.0.2, displayName: Lobby } }
`;
    const timeline = await play({ lines: [single] }, script);
    expect(timeline.servers.map(({ address }) => address)).toEqual(['10.0.0.1', '10.0.0.2']);
    expect(told(timeline).slice(1)).toEqual([
      [100, 'all lines are set to proxy 10.0.0.2, displayName Lobby'],
      [100, 'line 1001: displayName: counts from now on; proxy: waits for the last call of the line to end'],
    ]);
    const servers = registers(timeline, 100);
    expect(servers[0]?.[1]).toBe(150);
    expect(servers.at(-1)?.[0]).toBe('S2');
  });

  test('has an idle line register anew with it', async () => {
    const timeline = await play({ lines: [single] }, '  - { at: 100, set: { proxy: 10.0.0.2 } }\n');
    expect(effects(timeline)).toEqual([['1001', 'proxy', 'line']]);
    expect(registers(timeline, 100).at(-1)).toEqual(['S2', 100]);
  });

  test('waits for a restart, when its class is that, and says so', async () => {
    const script = `
  - { at: 100, set: { dualRegistration: true } }
  - { at: 200, restart: 1001 }
`;
    const timeline = await play({ lines: [{ ...single, alternateProxy: '10.0.0.2' }] }, script);
    expect(told(timeline)).toContainEqual([100, 'line 1001: dualRegistration: waits for a restart (restartRequired)']);
    expect(registers(timeline, 1)).toEqual(expect.arrayContaining([['S2', 200]]));
    expect(registers(timeline, 1).filter(([, atS]) => Number(atS) < 200)).toEqual([]);
    // Two registrations from then on, one before.
    expect(outcomeOf(timeline).lines[0]?.legs.map(({ leg }) => leg)).toEqual(['primary', 'alternate']);
  });

  test('after a power cut all of it counts', async () => {
    const script = `
  - { at: 100, powerCut: true, for: 10 }
  - { at: 105, set: { dualRegistration: true } }
`;
    const timeline = await play({ lines: [{ ...single, alternateProxy: '10.0.0.2' }] }, script);
    expect(told(timeline)).toContainEqual([105, 'the phone is off: it starts with it']);
    expect(registers(timeline, 100).some(([server, atS]) => server === 'S2' && atS === 110)).toBe(true);
  });

  test('of the phone is every line’s; one that is repaired says what is used', async () => {
    const lines = [single, { ...single, userId: '1002' }];
    const timeline = await play({ lines }, '  - { at: 100, phone: { sipTimerB: 8, regRetryIntvl: 0 } }\n');
    expect(told(timeline)[0]).toEqual([100, 'the phone is set to sipTimerB 8, regRetryIntvl 0']);
    expect(told(timeline)[1]?.[1]).toContain('Reg Retry Intvl must not be 0; 30 is used.');
    expect(effects(timeline)).toEqual([
      ['1001', 'sipTimerB', 'now'],
      ['1002', 'sipTimerB', 'now'],
    ]);
  });

  test('moves the defaults that go with another preset, but not what is written', async () => {
    const lines = [list, { ...list, userId: '1002', autoRegisterWhenFailover: false }];
    const timeline = await play({ lines }, '  - { at: 100, phone: { xDefaultsPreset: mpp-11.3 } }\n');
    const keysOf = (id: string) => effects(timeline).flatMap(([line, key]) => (line === id ? [key] : []));
    expect(keysOf('1001')).toEqual(['autoRegisterWhenFailover', 'xFallbackClock', 'xDefaultsPreset']);
    expect(keysOf('1002')).toEqual(['xFallbackClock', 'xDefaultsPreset']);
  });

  test('is refused as a whole in strict mode, when mechanisms clash', async () => {
    const dual = { ...single, alternateProxy: '10.0.0.2', dualRegistration: true };
    const script = '  - { at: 100, set: { xMechanism: broadsoft } }\n';
    const timeline = await play({ strict: true, lines: [dual] }, script);
    expect(told(timeline).at(-1)?.[1]).toContain('refused, nothing has changed: ');
    expect(effects(timeline)).toEqual([]);
  });

  test('a new user and a new password are known to the servers', async () => {
    const timeline = await play({ lines: [single] }, '  - { at: 100, set: { userId: 1005, password: other }, line: 1001 }\n');
    expect(told(timeline)[0]).toEqual([100, 'line 1001 is set to userId 1005, password']);
    expect(outcomeOf(timeline).lines[0]?.legs[0]?.spans.at(-1)).toMatchObject({ state: 'registered', toS: 160 });
    expect(timeline.entries.some((entry) => entry.lane === 'wire' && entry.atS >= 100 && entry.line === undefined)).toBe(false);
  });

  test('the same again changes nothing', async () => {
    const timeline = await play({ lines: [single] }, '  - { at: 100, set: { proxy: 10.0.0.1 } }\n');
    expect(told(timeline).at(-1)).toEqual([100, 'nothing has changed by that']);
  });
});

describe('a step that sets something', () => {
  const faultsOf = (script: string) => read(script).findings.map(({ at, path, code, remedy }) => [at?.line, path, code, remedy]);

  test('has faults with place and suggestion, as the configuration has', () => {
    const script = `  - { at: 1, set: { proxyFalbackIntvl: 60 } }
  - { at: 1, set: { sipTransport: UPD } }
  - { at: 1, set: { sipTimerB: 8 } }
  - { at: 1, phone: { proxy: 10.0.0.1 } }
  - { at: 1, set: 5 }
`;
    expect(faultsOf(script)).toEqual([
      [2, 'script[0].set.proxyFalbackIntvl', 'key.unknown', 'Did you mean proxyFallbackIntvl?'],
      [3, 'script[1].set.sipTransport', 'value.invalid', 'Did you mean UDP?'],
      [4, 'script[2].set.sipTimerB', 'key.unknown', 'Move it to phone.'],
      [5, 'script[3].phone.proxy', 'key.unknown', 'Move it to a line or a template.'],
      [6, 'script[4].set', 'value.invalid', 'Correct the value.'],
    ]);
  });

  test('sets something, and names lines for parameters of lines only', () => {
    expect(faultsOf('  - { at: 1, set: {} }\n').map(([, path]) => path)).toEqual(['script[0].set']);
    expect(faultsOf('  - { at: 1, phone: { sipTimerB: 8 }, line: 1001 }\n').map(([, path]) => path)).toEqual(['script[0].line']);
  });

  test('names lines that there are, and servers that it brings', () => {
    const { drill } = read(`  - { at: 1, set: { proxy: 10.0.0.7 }, line: 1009 }
  - { at: 1, set: { proxy: 10.0.0.8 } }
  - { at: 2, server: 10.0.0.8, is: silent }
`);
    const { lines } = parseRuntimeConfig({ lines: [single] });
    const found = drill === undefined ? [] : checkNames(drill.scenario, lines, ['script']);
    expect(found.map(({ path, seen }) => [path, seen])).toEqual([['script[0].line', '1009']]);
  });
});
