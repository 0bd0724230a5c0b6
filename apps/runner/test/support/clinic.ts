import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { type AddressInfo, createServer, type Server as TcpServer } from 'node:net';
import type { Diagnosis, DoctorReport } from '../../src/commands/doctor-report.ts';
import { type Folder, makeFolder } from './folder.ts';
import { jsonLines, offhook } from './offhook.ts';
import { linePassword } from './runner.ts';
import { type Server, startServer } from './server.ts';

/** Configurations for a doctor to look at, and two servers that live. */
export interface Clinic {
  readonly folder: Folder;
  readonly primary: Server;
  readonly alternate: Server;
  /** A file that nobody but its owner may read, unless told. */
  write(name: string, text: string, mode?: number): string;
  /** Places of a configuration's own. */
  place(name: string): string;
  /** Three dual lines with nothing to complain of. */
  healthy(): string;
  close(): Promise<void>;
}

export async function openClinic(): Promise<Clinic> {
  const folder = makeFolder();
  const [primary, alternate] = [await startServer(linePassword), await startServer(linePassword)];
  const write: Clinic['write'] = (name, text, mode = 0o600) => {
    const path = folder.write(name, text);
    chmodSync(path, mode);
    return path;
  };
  const place: Clinic['place'] = (name) =>
    `state: { folder: ${folder.at(name)} }\ncontrol: { socket: ${folder.at(`${name}.sock`)} }\n`;
  return {
    ...{ folder, primary, alternate, write, place },
    healthy: () => `${place('healthy')}
templates:
  desk:
    proxy: ${primary.address}
    alternateProxy: ${alternate.address}
    dualRegistration: true
    proxyFallbackIntvl: 0
    registerExpires: 300
    password: { file: ${write('secret', linePassword)} }
lines: [{ template: desk, from: 1000, count: 3 }]
`,
    async close() {
      await primary.stop();
      await alternate.stop();
      folder.remove();
    },
  };
}

export const listenOn = (port = 0): string => `edge: { listen: [{ protocol: udp, host: 127.0.0.1, port: ${port} }] }\n`;

/** A line to each server, with a password written out. */
export const linesTo = (...servers: readonly string[]): string => {
  const line = (server: string, n: number): string =>
    `  - { userId: "${n}", proxy: "${server}", proxyFallbackIntvl: 0, password: hush-hush }\n`;
  return `lines:\n${servers.map(line).join('')}`;
};

/** @throws Error when there is not one report and nothing else */
export function reportIn(out: string): DoctorReport {
  const [value, ...others] = jsonLines(out) as readonly DoctorReport[];
  if (value === undefined || others.length > 0) throw new Error(`no report: ${out}`);
  return value;
}

export interface Examination {
  readonly code: unknown;
  readonly report: DoctorReport;
  readonly out: string;
  readonly err: string;
}

/** In a process of its own: it sees the sockets of the test as those of another program. */
export async function examine(path: string): Promise<Examination> {
  const { code, out, err } = await offhook(['doctor', path, '--json']);
  return { code, report: reportIn(out), out, err };
}

/** @throws Error when there is none */
export function diagnosisOf({ findings }: DoctorReport, code: string): Diagnosis {
  const diagnosis = findings.find((each) => each.code === code);
  if (diagnosis === undefined) throw new Error(`no ${code} among ${findings.map((each) => each.code).join(', ')}`);
  return diagnosis;
}

export const trouble = ({ findings }: DoctorReport): readonly string[] =>
  findings.filter(({ severity }) => severity === 'warning' || severity === 'error').map(({ code }) => code);

/** Lets a server listen on loopback; its port. */
export async function listening(server: TcpServer): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A TCP port that nobody listens on any more. */
export async function closedPort(): Promise<number> {
  const server = createServer();
  const port = await listening(server);
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

/** A UDP port that is held until `release`. */
export async function heldPort(): Promise<{ readonly port: number; release(): Promise<void> }> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  const { port } = socket.address();
  return { port, release: () => new Promise<void>((resolve) => socket.close(() => resolve())) };
}

export async function freePort(): Promise<number> {
  const { port, release } = await heldPort();
  await release();
  return port;
}
