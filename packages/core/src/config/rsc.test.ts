import { describe, expect, it } from 'vitest';
import { matchesRsc, parseRscTemplate } from './rsc.ts';

const statuses = Array.from({ length: 600 }, (_, i) => 100 + i);
const matched = (template: string): readonly number[] => statuses.filter((status) => matchesRsc(template, status));
const range = (from: number, to: number): readonly number[] => statuses.filter((status) => status >= from && status <= to);

describe('response status code templates (redundancy 5.3)', () => {
  const rows: readonly (readonly [string, readonly number[]])[] = [
    ['5??', range(500, 599)],
    ['5*', range(500, 599)],
    ['404, 5*', [404, ...range(500, 599)]],
    ['61?', range(610, 619)],
    ['407, 408, 487, 481', [407, 408, 481, 487]],
    ['*', range(300, 699)],
    ['?03', [303, 403, 503, 603]],
    ['', []],
    ['5', []],
    ['5??,6??', range(500, 699)],
    ['*3', range(300, 699).filter((status) => status % 10 === 3)],
    ['????', []],
    ['5***', range(500, 599)],
  ];
  it.each(rows)('RED-59 matches %j exactly as the rows say', (template, expected) => {
    expect(matched(template)).toEqual(expected);
  });

  it('never matches a provisional, a success or a number that is no code', () => {
    expect([100, 180, 200, 299, 700, 5003, Number.NaN].some((status) => matchesRsc('*', status))).toBe(false);
  });

  it('RED-56 reads BT as re-registration with a warning and matches nothing with it', () => {
    const template = parseRscTemplate('BT,5??');
    expect(template.reRegisters).toBe(true);
    expect(template.patterns).toEqual(['5??']);
    expect(template.findings).toMatchObject([{ severity: 'warning', code: 'rsc.bt-deprecated', seen: 'BT' }]);
    expect(matchesRsc(template, 500)).toBe(true);
    expect(matched('BT')).toEqual([]);
  });

  it('drops a bad token alone and keeps the others', () => {
    const { patterns, findings } = parseRscTemplate('503, x1,,4?4,bt');
    expect(patterns).toEqual(['503', '4?4']);
    expect(findings.map(({ severity, code, seen }) => [severity, code, seen])).toEqual([
      ['error', 'rsc.token', 'x1'],
      ['error', 'rsc.token', 'an empty pattern'],
      ['error', 'rsc.token', 'bt'],
    ]);
  });

  it('accepts 39 characters and drops what lies beyond', () => {
    const full = '401,402,403,404,405,406,408,409,410,500';
    expect(full).toHaveLength(39);
    expect(parseRscTemplate(full).findings).toEqual([]);
    const { patterns, findings } = parseRscTemplate(`${full},501`);
    expect(patterns).toEqual(full.split(','));
    expect(findings).toMatchObject([{ severity: 'error', code: 'rsc.too-long', seen: '501' }]);
  });

  it('does not care about the order of patterns', () => {
    expect(matched('6??,404')).toEqual(matched('404,6??'));
  });
});
