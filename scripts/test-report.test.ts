import { describe, expect, it } from 'vitest';
import { formatTally, tally } from './test-report.mjs';

const test = (fullName: string, status: string, ...failureMessages: string[]): object => ({ fullName, status, failureMessages });
const file = (name: string, ...assertionResults: object[]): object => ({ name, status: 'passed', message: '', assertionResults });
const lastLine = (text: string): string | undefined => text.split('\n').at(-1);

describe('the count of npm test', () => {
  it('adds up the reports of all workspaces', () => {
    const core = {
      testResults: [file('a.test.ts', test('one', 'passed'), test('two', 'skipped')), file('b.test.ts', test('three', 'passed'))],
    };
    const edge = { testResults: [file('c.test.ts', test('four', 'failed', 'Error: no'), test('five', 'todo'))] };
    const sum = tally(
      [
        { name: 'core', report: core },
        { name: 'edge', report: edge },
      ],
      false,
    );
    expect(lastLine(formatTally(sum))).toBe('2 passed, 1 failed, 2 skipped');
    expect(formatTally(sum)).toContain('FAILED edge: four\n    Error: no');
    expect(formatTally(sum)).toContain('core: two');
  });

  it('counts a runner that left no report as a failure', () => {
    const sum = tally([{ name: 'core', report: undefined }], false);
    expect(lastLine(formatTally(sum))).toBe('0 passed, 1 failed, 0 skipped');
  });

  it('counts a workspace without a test as a failure', () => {
    expect(tally([{ name: 'core', report: { testResults: [] } }], true).failed).toBe(1);
  });

  it('counts a file that does not load as a failure', () => {
    const broken = { name: 'a.test.ts', status: 'failed', message: 'SyntaxError: no', assertionResults: [] };
    const sum = tally([{ name: 'core', report: { testResults: [broken] } }], false);
    expect(sum.failures).toEqual([{ suite: 'core', title: 'a.test.ts', detail: 'SyntaxError: no' }]);
  });

  it('fails when a runner failed outside its tests', () => {
    const report = { testResults: [file('a.test.ts', test('one', 'passed'))] };
    expect(tally([{ name: 'core', report }], true).failed).toBe(0);
    expect(tally([{ name: 'core', report }], false).failed).toBe(1);
  });

  it('lets no peer suite skip when peers are required', () => {
    const report = {
      testResults: [
        file('/r/apps/runner/test/peers/a.test.ts', test('calls', 'skipped')),
        file('/r/b.test.ts', test('later', 'skipped')),
      ],
    };
    expect(tally([{ name: 'runner', report }], true, false)).toMatchObject({ failed: 0, skipped: 2 });
    expect(tally([{ name: 'runner', report }], true, true)).toMatchObject({ failed: 1, skipped: 1 });
  });
});
