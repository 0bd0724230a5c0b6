import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { command } from './support/command.ts';
import { type Folder, makeFolder } from './support/folder.ts';
import { jsonLines, startOffhook, stopAll } from './support/offhook.ts';

let folder: Folder;
beforeAll(() => {
  folder = makeFolder();
});
afterEach(() => stopAll());
afterAll(() => folder.remove());

interface Story {
  readonly ok: boolean;
  readonly steps: readonly { readonly step: string; readonly ok: boolean; readonly detail: string }[];
  readonly lines: readonly { readonly legs: readonly { readonly server: string; readonly usable: boolean }[] }[];
}

describe('offhook demo', () => {
  it('tells the whole story with --once --json: nothing but data on standard output, exit 0', async () => {
    const demo = startOffhook(['demo', '--once', '--json']);
    expect(await demo.ended).toBe(0);
    const [story, ...others] = jsonLines(demo.out.join('\n')) as readonly Story[];
    expect(others).toEqual([]);
    expect(story?.steps.filter(({ ok }) => !ok)).toEqual([]);
    expect(story?.steps.map(({ step }) => step)).toEqual([
      'register',
      'call by the primary',
      'primary silent: call leaves by the alternate',
      'registrations at the primary fail',
      'primary known to be down: straight to the alternate',
      'primary is back',
      'call by the primary again',
    ]);
    expect(story?.steps[2]?.detail).toContain('answered on the alternate');
    const legs = story?.lines.flatMap((line) => line.legs) ?? [];
    expect(legs.filter(({ usable }) => usable)).toHaveLength(6);
    expect(new Set(legs.map(({ server }) => server.split(';')[1]))).toEqual(new Set(['udp', 'tcp']));
    for (const remark of jsonLines(demo.err.join('\n'))) expect(remark).toHaveProperty('remark');
  });

  it('explains each decision in one line, answers on its socket meanwhile, and ends in the middle on Ctrl-C', async () => {
    const socket = folder.at('demo.sock');
    const demo = startOffhook(['demo', '--socket', socket]);
    await demo.line('2/7  All is well: a call leaves by the primary.');
    const { code, out } = await command(['lines', '--socket', socket]);
    expect({ code, sum: out.split('\n').at(-1) }).toEqual({
      code: 0,
      sum: '3 lines: 3 of 3 registered at the primary, 3 of 3 registered at the alternate.',
    });
    expect(await demo.line('call c1 goes to the primary')).toMatch(/^ +\d\.\d{3} {2}1001 {2}call c1 .* \[6\.4:both-usable; /);
    await demo.line('The primary answers nothing from now on');
    expect(await demo.stop('SIGINT')).toBe(130);
    expect(demo.out).toEqual([]);
  });

  it('says at once when another one serves its socket', async () => {
    const first = startOffhook(['demo', '--socket', folder.at('demo.sock')]);
    await first.line('1/7');
    const { code, err } = await command(['demo', '--socket', folder.at('demo.sock')]);
    expect(code).toBe(3);
    expect(err).toContain('served by another runner');
    await first.stop('SIGINT');
  });
});
