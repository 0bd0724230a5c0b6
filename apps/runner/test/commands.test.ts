import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { command } from './support/command.ts';
import { statesIn, xmlFaults } from './support/drawing.ts';
import { type Folder, makeFolder } from './support/folder.ts';
import { jsonLines, startOffhook, stopAll } from './support/offhook.ts';
import { linePassword, startRunner, type TestRunner, untilRegistered } from './support/runner.ts';
import { dualYaml, type Server, startServer } from './support/server.ts';

let folder: Folder;
let primary: Server;
let alternate: Server;
let runner: TestRunner;
beforeAll(async () => {
  folder = makeFolder();
  [primary, alternate] = [await startServer(linePassword), await startServer(linePassword)];
  runner = await startRunner(folder.write('phone.yaml', dualYaml(primary.address, alternate.address)), folder.at('r.sock'));
  await untilRegistered(runner.socket);
});
afterAll(async () => {
  await runner.stop();
  stopAll();
  await primary.stop();
  await alternate.stop();
  folder.remove();
});

const ask = (...args: readonly string[]) => command([...args, '--socket', runner.socket]);
const askJson = async (...args: readonly string[]) => {
  const { code, out, err } = await ask(...args, '--json');
  return { code, values: jsonLines(out), remarks: jsonLines(err) };
};

describe('offhook lines', () => {
  it('shows every line with both registrations, for people', async () => {
    const { code, out, err } = await ask('lines');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toContain('1001  dual, calls go to the primary');
    expect(out).toMatch(new RegExp(`^ {2}primary {4}${primary.address};udp +registered +renewal in`, 'm'));
    expect(out).toMatch(/^3 lines: 3 of 3 registered at the primary, 3 of 3 registered at the alternate\.$/m);
  });

  it('gives them as data', async () => {
    const { code, values, remarks } = await askJson('lines');
    expect({ code, remarks }).toEqual({ code: 0, remarks: [] });
    expect((values[0] as readonly { readonly id: string }[]).map(({ id }) => id)).toEqual(['1001', '2000', '2001']);
  });
});

describe('offhook counters', () => {
  it('shows what became of the messages, of edge and lines, without what is 0', async () => {
    const { code, out } = await ask('counters');
    expect(code).toBe(0);
    expect(out).toMatch(/^Edge\n {2}received +\d+\n {2}delivered +\d+$/m);
    expect(out).toMatch(/^Lines\n {2}received +\d+$/m);
    expect(out).not.toContain('droppedStranger');
  });

  it('gives them as data, zeros and all', async () => {
    const { values } = await askJson('counters');
    expect(values).toMatchObject([{ edge: { droppedStranger: 0, droppedError: 0 }, lines: { faults: {} } }]);
    const [{ edge, lines }] = values as readonly [{ edge: { delivered: number }; lines: { received: number } }];
    expect(edge.delivered).toBe(lines.received);
    expect(edge.delivered).toBeGreaterThanOrEqual(12);
  });
});

describe('offhook explain', () => {
  it('says where a new call would go, by which rule, what comes next and what was decided', async () => {
    const { code, out } = await ask('explain', '2001');
    expect(code).toBe(0);
    for (const words of [
      'INVITE     goes to the primary, by rule 6.4:both-usable (redundancy 6.4)',
      'Both servers hold a working registration: the primary comes first.',
      'renewal at the primary, by rule 6.1:registered/clock.refresh',
      'registered at the alternate',
      '6.1:reg.ok',
    ])
      expect(out).toContain(words);
  });

  it('tells one call step by step, for people and as data, and exits 1 for one that is not known', async () => {
    const [{ call }] = (await askJson('call', '2001', '5000', '--duration', '0.1')).values as [{ call: { id: string } }];
    const { code, out } = await ask('explain', '2001', '--request', call.id);
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`^2001 {2}INVITE ${call.id} {2}began [-\\d]+ [\\d:.]+ [+-]\\d\\d:\\d\\d\\n`));
    expect(out).toContain('rule    6.5:pinned (redundancy 6.5)');
    const { values } = await askJson('explain', '2001', '--request', call.id);
    expect(values).toMatchObject([
      { line: '2001', request: call.id, steps: [{ outcome: { action: 'send' } }, { outcome: { action: 'pin' } }] },
    ]);
    const unknown = await askJson('explain', '2001', '--request', 'r77');
    expect(unknown).toMatchObject({ code: 1, values: [], remarks: [{ error: { code: 'E_CALL_UNKNOWN' } }] });
  });

  it('writes a diagram beside what it says', async () => {
    const path = folder.at('2001.svg');
    const { code, values, remarks } = await askJson('explain', '2001', '--svg', path);
    expect({ code, remarks }).toEqual({ code: 0, remarks: [{ remark: `Diagram written to ${path}.` }] });
    expect(values).toMatchObject([{ id: '2001', because: { rule: '5.1:2' } }]);
    const svg = readFileSync(path, 'utf8');
    expect(xmlFaults(svg)).toEqual([]);
    expect(statesIn(svg).lit).toEqual(['dual.onTop', 'registered', 'registered']);
    const { code: failed, remarks: why } = await askJson('explain', '2001', '--svg', folder.at('nowhere/x.svg'));
    expect({ failed, why }).toMatchObject({ failed: 2, why: [{ error: { code: 'E_COMMAND_INVALID' } }] });
  });

  it('asks the runner of a configuration', async () => {
    const named = folder.write('named.yaml', `control: { socket: ${runner.socket} }\nlines: []\n`);
    expect(await command(['explain', '2001', '--config', named, '--json'])).toMatchObject({ code: 0, err: '' });
    const clustered = folder.write('clustered.yaml', 'cluster: nobody-runs-this\nlines: []\n');
    const { code, err } = await command(['explain', '2001', '--config', clustered]);
    expect(code).toBe(3);
    expect(err).toContain('offhook-nobody-runs-this.sock');
    expect((await command(['explain', '2001', '--config', folder.at('missing.yaml')])).code).toBe(2);
  });

  it('refuses an unknown line with exit 2 and names those there are', async () => {
    const { code, values, remarks } = await askJson('explain', '999');
    expect({ code, values }).toEqual({ code: 2, values: [] });
    expect(remarks).toMatchObject([{ error: { code: 'E_LINE_UNKNOWN', exit: 2 } }]);
    expect((await ask('explain', '999')).err).toContain('There is no line "999". Lines here: 1001, 2000, 2001.');
  });
});

describe('offhook call', () => {
  it('stays until the call ends after its duration, and leaves nothing armed', async () => {
    const process = startOffhook(['call', '1001', '5000', '--duration', '0.2', '--json', '--socket', runner.socket]);
    expect(await process.ended).toBe(0);
    expect(jsonLines(process.out.join('\n'))).toMatchObject([
      { answered: true, call: { direction: 'outgoing', state: 'ended', leg: 'primary' } },
    ]);
    expect(process.err.join('\n')).toMatch(/call c\d+ up on the primary/);
  });

  it('ends as soon as the other side hangs up, however long its duration', async () => {
    const process = startOffhook(['call', '1001', '5000', '--duration', '3600', '--socket', runner.socket]);
    await process.line(' up on the primary');
    expect((await ask('hangup', '1001')).code).toBe(0);
    expect(await process.ended).toBe(0);
    expect(process.out.join('\n')).toMatch(/^1001: call to 5000 on the primary lasted \S+ s; ended: /);
  });

  it('hangs up on Ctrl-C and exits 130', async () => {
    const process = startOffhook(['call', '1001', '5000', '--socket', runner.socket]);
    await process.line(' up on the primary');
    expect(await process.stop('SIGINT')).toBe(130);
    expect((await ask('hangup', '1001')).code).toBe(1);
  });

  it('follows the call of its own line where lines number theirs alike', async () => {
    const other = startOffhook(['call', '2000', '5000', '--socket', runner.socket]);
    await other.line(' up on the primary');
    const own = startOffhook(['call', '2001', '5000', '--duration', '0.1', '--socket', runner.socket]);
    expect(await own.ended).toBe(0);
    expect(other.child.exitCode).toBeNull();
    expect(await other.stop('SIGINT')).toBe(130);
  });

  it('exits 1 when the call is refused, and says with what', async () => {
    primary.registrar.answer('INVITE', 486);
    const { code, values } = await askJson('call', '1001', '5486');
    primary.registrar.answer('INVITE', [{ status: 180 }, { status: 200 }]);
    expect(code).toBe(1);
    expect(values).toMatchObject([{ answered: false, durationMs: 0, call: { state: 'ended', status: 486 } }]);
  });

  it('refuses a target that is none with exit 2', async () => {
    const { code, remarks } = await askJson('call', '1001', 'sip:');
    expect(code).toBe(2);
    expect(remarks.at(-1)).toMatchObject({ error: { code: 'E_COMMAND_INVALID' } });
  });
});

describe('offhook hangup', () => {
  it('exits 1 when there is no call, or none of that name', async () => {
    expect(await ask('hangup', '2000')).toEqual({ code: 1, out: '2000 has no call to end.', err: '' });
    expect(await askJson('hangup', '2000', 'c999')).toMatchObject({ code: 1, remarks: [{ error: { code: 'E_CALL_UNKNOWN' } }] });
  });
});

describe('offhook events', () => {
  it('prints decisions and calls as they happen, one JSON value a line, until Ctrl-C', async () => {
    const process = startOffhook(['events', '--json', '--socket', runner.socket]);
    await process.line('Following 3 lines');
    await askJson('call', '2000', '5000', '--duration', '0.1');
    await process.line('"ended"');
    expect(await process.stop('SIGINT')).toBe(130);
    const facts = jsonLines(process.out.join('\n')) as readonly { readonly kind: string; readonly value: unknown }[];
    expect(facts.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['decision', 'call']));
    expect(facts.find(({ kind }) => kind === 'decision')?.value).toMatchObject({ line: '2000', rule: '6.4:both-usable' });
  });

  it('prints a decision as one line for people, with the id of its line', async () => {
    const process = startOffhook(['events', '--socket', runner.socket]);
    await process.line('Following 3 lines');
    await ask('call', '2000', '5000', '--duration', '0.1');
    expect(await process.line('goes to the primary')).toMatch(
      /^\d{4}-\d\d-\d\dT[\d:.]+Z {2}2000 {2}call c\d+ goes to the primary \([\d.:]+;udp\): .* \[6\.4:both-usable; /,
    );
    expect(await process.line('call c')).toBeTruthy();
    await process.stop('SIGINT');
  });

  it('ends quietly when nobody reads it any longer', async () => {
    const process = startOffhook(['events', '--socket', runner.socket]);
    await process.line('Following 3 lines');
    process.child.stdout?.destroy();
    await ask('call', '2000', '5000', '--duration', '0.1');
    expect(await process.ended).toBe(0);
    expect(process.err).toEqual(['Following 3 lines; Ctrl-C ends.']);
  });
});
