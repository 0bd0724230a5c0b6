import { parseRuntimeConfig } from '@offhook/core';
import { describe, expect, test } from 'vitest';
import { checkNames, readDrill } from '../../src/index.ts';

const read = (text: string) => readDrill({ name: 'drill.yaml', text });

/** Place, code and what is allowed of every fault. */
const faultsOf = (text: string) =>
  read(text).findings.map(({ at, path, code, seen, allowed }) => [`${at?.line}:${at?.column}`, path, code, seen, allowed]);

describe('a drill', () => {
  test('is read with spans, numbers as names, and steps in the order of time', () => {
    const { drill, findings } = read('script:\n  - { at: 2m, call: 1001, for: 10s }\n  - { at: 1m, server: S1, is: silent }\n');
    expect(findings).toEqual([]);
    expect(drill?.title).toBe('drill.yaml');
    expect(drill?.scenario.steps).toEqual([
      { verb: 'server.is', index: 1, at: 60, server: ['S1'], is: 'silent' },
      { verb: 'call', index: 0, at: 120, call: ['1001'], for: 10 },
    ]);
    expect(drill?.scenario.untilS).toBe(190);
  });

  test('names every fault with its place, what was seen and what is allowed', () => {
    expect(
      faultsOf(`titel: x
script:
  - { at: soon, call: 1001 }
  - { at: 1, server: S1, is: dead }
  - { at: 1, server: S1 }
  - { at: 1, call: 1001, restart: 1001 }
  - { at: 1, dance: 1001 }
  - { at: 1, call: 1001, fro: 3 }
`),
    ).toEqual(
      [
        ['1:1', 'titel', 'key.unknown', 'titel', expect.stringContaining('title, about, configuration')],
        ['3:5', 'script[0].at', 'value.invalid', 'soon', 'seconds, or a span such as 90s, 15m, 1h30m'],
        ['4:5', 'script[1].is', 'value.invalid', 'dead', 'up, silent, refusing, unreachable, closing'],
        ['5:5', 'script[2]', 'value.invalid', expect.any(String), 'one of is, answers, ignores, forgets, set'],
        ['6:5', 'script[3]', 'value.invalid', 'call and restart', expect.stringContaining('one of server, call')],
        ['7:5', 'script[4]', 'value.invalid', 'at, dance', expect.stringContaining('one of server, call')],
        ['8:5', 'script[5].fro', 'key.unknown', 'fro', expect.stringContaining('for')],
      ].map(([, ...fault], i) => [expect.stringMatching(new RegExp(`^${[1, 3, 4, 5, 6, 7, 8][i]}:`)), ...fault]),
    );
  });

  test('that is no YAML says where', () => {
    expect(faultsOf('script: [')[0]).toEqual([expect.stringMatching(/^1:/), '', 'yaml.syntax', '', '']);
  });

  test('that names nobody is told who there is', () => {
    const { drill, locate } = read(
      'script:\n  - { at: 1, call: 9 }\n  - { at: 1, server: S7, is: up }\n  - { at: 1, call: all }\n',
    );
    const { lines } = parseRuntimeConfig({ lines: [{ userId: '1001', proxy: 'sip.example.net' }] });
    const found = drill === undefined ? [] : checkNames(drill.scenario, lines, ['script'], locate);
    expect(found.map(({ path, seen, allowed }) => [path, seen, allowed])).toEqual([
      ['script[0].call', '9', '1001'],
      ['script[1].server', 'S7', 'S1 (sip.example.net)'],
    ]);
  });
});
