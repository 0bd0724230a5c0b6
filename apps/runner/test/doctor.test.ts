import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Clinic,
  closedPort,
  diagnosisOf,
  examine,
  heldPort,
  linesTo,
  listening,
  listenOn,
  openClinic,
  reportIn,
  trouble,
} from './support/clinic.ts';
import { command } from './support/command.ts';
import { offhook } from './support/offhook.ts';
import { linePassword } from './support/runner.ts';

let clinic: Clinic;
beforeAll(async () => {
  clinic = await openClinic();
});
afterAll(() => clinic.close());

describe('offhook doctor', () => {
  it('finds nothing wrong where servers answer, ports are free and secrets are kept', async () => {
    const { primary, alternate } = clinic;
    const { code, report, out, err } = await examine(clinic.write('healthy.yaml', `${listenOn()}${clinic.healthy()}`));
    expect({ code, err, ok: report.ok, lines: report.lines }).toEqual({ code: 0, err: '', ok: true, lines: 3 });
    expect(trouble(report)).toEqual([]);
    const alive = report.findings.filter((each) => each.code === 'server.alive');
    expect(alive.map(({ subject }) => subject).sort()).toEqual([`${primary.address} udp`, `${alternate.address} udp`].sort());
    for (const { seen } of alive) expect(seen).toMatch(/^answered 200 after \d+ ms; 3 lines$/);
    expect(out).not.toContain(linePassword);
  });

  it('asks with OPTIONS and registers nothing', async () => {
    const { registrar } = clinic.primary;
    registrar.forgetSeen();
    await examine(clinic.write('asks.yaml', `${listenOn()}${clinic.healthy()}`));
    expect(registrar.seen({ repeated: false }).map(({ method }) => method)).toEqual(['OPTIONS']);
    expect(registrar.bindings()).toEqual([]);
  });

  it('tells people in groups, with why and remedy below what is wrong', async () => {
    const lines = linesTo(clinic.primary.address, 'nowhere.invalid');
    const { code, out, err } = await command([
      'doctor',
      clinic.write('text.yaml', `${listenOn()}${clinic.place('text')}${lines}`, 0o644),
    ]);
    expect({ code, err }).toEqual({ code: 1, err: '' });
    const titles = out.split('\n').filter((line) => /^[A-Z][a-z ]+$/.test(line));
    expect(titles).toEqual(['Machine', 'Configuration', 'Files', 'Local ports', 'Servers']);
    expect(out).toMatch(
      /^ {2}error {4}nowhere\.invalid udp +has no address$\n^ {11}why {5}1 line .*$\n^ {11}remedy {2}Check its spelling/m,
    );
    expect(out.split('\n').at(-1)).toMatch(/^1 error, 1 warning, \d remarks?; \d+ checks found nothing wrong\.$/);
    expect(out).not.toContain('hush-hush');
  });

  it('looks at the machine alone where there is no configuration, and ends with 0', async () => {
    const { path } = clinic.folder;
    const { code, out } = await offhook(['doctor', '--json'], { cwd: path, env: { XDG_CONFIG_HOME: path } });
    const report = reportIn(out);
    expect({ code, config: report.config, trouble: trouble(report) }).toEqual({ code: 0, config: undefined, trouble: [] });
    expect(report.findings.map((each) => each.code)).toEqual(expect.arrayContaining(['clock', 'config.none']));
  });

  it.each([
    ['cannot be read', () => clinic.folder.at('none.yaml'), 'config.unreadable'],
    ['cannot be run', () => clinic.write('wrong.yaml', `clustr: x\n${linesTo('127.0.0.1')}`), 'key.unknown'],
    [
      'has an error that a runner would repair',
      () => clinic.write('repaired.yaml', `${listenOn()}${linesTo('a b')}`),
      'server.invalid',
    ],
    [
      'names a plugin that is not there',
      () => clinic.write('plug.yaml', `plugins: [./none.mjs]\n${linesTo('127.0.0.1')}`),
      'plugin',
    ],
  ])('ends with 2 where the configuration %s', async (_, path, code) => {
    const { code: exit, out } = await command(['doctor', path(), '--json']);
    expect(exit).toBe(2);
    expect(diagnosisOf(reportIn(out), code).severity).toBe('error');
  });
});

describe('servers', () => {
  it('that do not answer are told apart: silent, refused, unresolved, no TLS', { timeout: 15_000 }, async () => {
    const [mute, talker] = [createServer(), createServer((socket) => void socket.end('HTTP/1.1 400 No\r\n\r\n'))];
    const deaf = await heldPort();
    const [silent, other, closed] = [await listening(mute), await listening(talker), await closedPort()];
    const at = (port: number, transport: string): string => `127.0.0.1:${port};transport=${transport}`;
    const dead = [
      at(deaf.port, 'udp'),
      at(silent, 'tcp'),
      at(closed, 'udp'),
      at(closed, 'tcp'),
      at(other, 'tls'),
      'nowhere.invalid',
    ];
    const startMs = performance.now();
    const { code, report } = await examine(clinic.write('dead.yaml', `${listenOn()}${clinic.place('dead')}${linesTo(...dead)}`));
    expect(performance.now() - startMs).toBeLessThan(8_000);
    expect(code).toBe(1);
    const told = report.findings.filter(({ ward }) => ward === 'servers').map((each) => [each.subject, each.code]);
    expect(Object.fromEntries(told)).toEqual({
      [`127.0.0.1:${deaf.port} udp`]: 'server.silent',
      [`127.0.0.1:${silent} tcp`]: 'server.silent',
      [`127.0.0.1:${closed} udp`]: 'server.refused',
      [`127.0.0.1:${closed} tcp`]: 'server.refused',
      [`127.0.0.1:${other} tls`]: 'server.rejected',
      'nowhere.invalid udp': 'server.unresolved',
    });
    expect(diagnosisOf(report, 'server.rejected').seen).toContain('does not speak TLS');
    await deaf.release();
    for (const server of [mute, talker]) server.close();
  });

  it('live with any answer, and a clock that is far off is told', async () => {
    const { registrar, address } = clinic.primary;
    registrar.answer('OPTIONS', 503, { headers: [['Date', 'Sat, 13 Nov 2010 23:29:00 GMT']] });
    const { report } = await examine(clinic.write('busy.yaml', `${listenOn()}${clinic.place('busy')}${linesTo(address)}`));
    registrar.clear();
    expect(diagnosisOf(report, 'server.alive').seen).toContain('answered 503');
    expect(diagnosisOf(report, 'clock.skew').seen).toMatch(/behind ours$/);
  });
});
