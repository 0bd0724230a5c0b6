import { PassThrough } from 'node:stream';
import { CommandError, ConfigError, type Finding } from '@offhook/core';
import { describe, expect, it } from 'vitest';
import { createOutput } from './output.ts';

function stage(json: boolean) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const text = (stream: PassThrough): string => String(stream.read() ?? '');
  return { output: createOutput(json, { stdout, stderr }), stdout, stderr, out: () => text(stdout), err: () => text(stderr) };
}

const finding: Finding = {
  severity: 'error',
  code: 'key.unknown',
  path: 'x',
  seen: 'x',
  allowed: 'y',
  message: 'No.',
  remedy: '',
};

describe('output for people', () => {
  it('puts results on standard output, remarks and errors on standard error', () => {
    const { output, out, err } = stage(false);
    output.result({ a: 1 }, () => 'a is 1');
    output.say('working');
    output.fail(new CommandError('E_LINE_UNKNOWN', 'There is no line "9".'));
    expect([out(), err()]).toEqual(['a is 1\n', 'working\noffhook: There is no line "9".\n']);
  });

  it('lists what was found below the error', () => {
    const { output, err } = stage(false);
    output.fail(new ConfigError('E_CONFIG_INVALID', 'Cannot be run.', { findings: [finding] }));
    expect(err()).toContain('offhook: Cannot be run.\nx: error key.unknown\n  No.\n');
  });
});

describe('output with --json', () => {
  it('is JSON on both streams', () => {
    const { output, out, err } = stage(true);
    output.result({ a: 'line\nbreak' }, () => 'never');
    output.say(() => 'working\nhard');
    output.fail(new ConfigError('E_CONFIG_INVALID', 'Cannot be run.', { findings: [finding] }));
    expect(out()).toBe('{"a":"line\\nbreak"}\n');
    const said = err().trimEnd().split('\n');
    expect(said.map((line) => JSON.parse(line))).toEqual([
      { remark: 'working\nhard' },
      { error: { code: 'E_CONFIG_INVALID', message: 'Cannot be run.', exit: 2, findings: [finding] } },
    ]);
  });

  it('has a code for what nobody foresaw', () => {
    const { output, err } = stage(true);
    output.fail(new TypeError('oops'));
    expect(JSON.parse(err())).toEqual({ error: { code: 'E_INTERNAL', message: 'oops', exit: 3 } });
  });
});

it('says when nobody reads it any longer, and goes on without a word', () => {
  const { output, stdout, stderr } = stage(false);
  stdout.emit('error', new Error('EPIPE'));
  stderr.emit('error', new Error('EPIPE'));
  expect(output.closed.aborted).toBe(true);
  stdout.destroy();
  output.result(1, () => 'one');
});
