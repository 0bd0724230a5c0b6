import { chmodSync, mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  type Clinic,
  closedPort,
  diagnosisOf,
  examine,
  freePort,
  heldPort,
  linesTo,
  listening,
  listenOn,
  openClinic,
  trouble,
} from './support/clinic.ts';
import { stopAll } from './support/offhook.ts';
import { startRunner } from './support/runner.ts';

let clinic: Clinic;
beforeAll(async () => {
  clinic = await openClinic();
});
afterEach(() => stopAll());
afterAll(() => clinic.close());

/** A line to a server that lives, at places of its own. */
const configuration = (name: string, edge: string, more = '', mode?: number): string =>
  clinic.write(`${name}.yaml`, `${edge}${clinic.place(name)}${more}${linesTo(clinic.primary.address)}`, mode);

describe('local ports', () => {
  it('in use are told with their owner', async () => {
    const [udp, tcp] = [await heldPort(), createServer()];
    const addresses = [
      `{ protocol: udp, host: 127.0.0.1, port: ${udp.port} }`,
      `{ protocol: tcp, host: 127.0.0.1, port: ${await listening(tcp)} }`,
    ];
    const { code, report } = await examine(configuration('taken', `edge: { listen: [${addresses.join(', ')}] }\n`));
    await udp.release();
    tcp.close();
    expect(code).toBe(1);
    const owner = process.platform === 'linux' ? `process ${process.pid} (` : 'in use';
    const taken = report.findings.filter((each) => each.code === 'port.taken');
    expect(taken.map(({ seen }) => seen)).toEqual([expect.stringContaining(owner), expect.stringContaining(owner)]);
  });

  it.runIf(process.platform === 'linux')('listed twice are told as that', async () => {
    const { report } = await examine(configuration('twice', listenOn(await freePort()).replace(/\[(.*)\]/, '[$1, $1]')));
    const told = report.findings.filter(({ ward }) => ward === 'ports');
    expect(told.map(({ code }) => code)).toEqual(['port.free', 'port.twice']);
  });

  it('of an address that this machine does not have are told', async () => {
    const { code, report } = await examine(configuration('elsewhere', listenOn().replace('127.0.0.1', '192.0.2.1')));
    expect(code).toBe(1);
    expect(diagnosisOf(report, 'port.refused').remedy).toContain('0.0.0.0');
  });

  it.runIf(process.platform === 'linux')('of the runner of the same configuration are no fault', async () => {
    const path = clinic.write('running.yaml', `${listenOn(await freePort())}${clinic.healthy()}`);
    const runner = await startRunner(path, clinic.folder.at('healthy.sock'));
    const { code, report } = await examine(path);
    expect({ code, trouble: trouble(report) }).toEqual({ code: 0, trouble: [] });
    expect(diagnosisOf(report, 'port.running').seen).toContain(`process ${runner.child.pid}`);
    await runner.stop();
  });
});

describe('files', () => {
  it('that others may read are told where they hold secrets', async () => {
    const secret = clinic.write('open-secret', 'hush-file', 0o644);
    const line = `lines: [{ userId: "b", proxy: "${clinic.primary.address}", proxyFallbackIntvl: 0, password: { file: ${secret} } }]\n`;
    const { code, report, out } = await examine(clinic.write('open.yaml', `${listenOn()}${clinic.place('open')}${line}`, 0o644));
    expect({ code, trouble: trouble(report) }).toEqual({ code: 0, trouble: ['secret.readable'] });
    expect(out).not.toContain('hush-file');
  });

  it('of a configuration are their user’s alone where passwords stand in them, and nobody else writes them', async () => {
    const { report, out } = await examine(configuration('plain', listenOn(), '', 0o644));
    expect(diagnosisOf(report, 'config.readable').remedy).toContain('chmod 600');
    expect(diagnosisOf(report, 'password.plain').severity).toBe('info');
    expect(out).not.toContain('hush-hush');
    const shared = await examine(configuration('shared', listenOn(), '', 0o666));
    expect(diagnosisOf(shared.report, 'config.writable').severity).toBe('warning');
  });

  it('cannot be where the state folder should be, nor the control socket where others may write', async () => {
    const everybody = clinic.folder.at('everybody');
    mkdirSync(everybody);
    chmodSync(everybody, 0o777);
    const places = `state: { folder: ${clinic.write('no-folder', '')} }\ncontrol: { socket: ${everybody}/c.sock }\n`;
    const { code, report } = await examine(
      clinic.write('places.yaml', `${listenOn()}${places}${linesTo(clinic.primary.address)}`),
    );
    expect(code).toBe(1);
    expect(diagnosisOf(report, 'state.unwritable').severity).toBe('error');
    expect(diagnosisOf(report, 'control.unsafe').seen).toContain('can be written by others');
  });
});

describe('the bus', () => {
  it('that cannot be reached is told without its password', async () => {
    const port = await closedPort();
    const bus = `bus: { url: "nats://me:hush-hush@127.0.0.1:${port}" }\n`;
    const { code, report, out } = await examine(configuration('bus', listenOn(), bus));
    expect(code).toBe(1);
    expect(diagnosisOf(report, 'bus.unreachable').subject).toBe(`nats://127.0.0.1:${port}`);
    expect(out).not.toContain('hush-hush');
  });
});
