import {
  type Ambient,
  type EdgeListen,
  formatEndpoint,
  PhoneError,
  type RuntimeConfig,
  type Transport,
  type TransportHost,
} from '@offhook/core';
import { createTcpTransport } from '@offhook/transport-tcp';
import { createUdpTransport } from '@offhook/transport-udp';
import { ownersOfPath, ownersOfPort, type SocketOwner } from './doctor-port-owner.ts';
import { type Diagnosis, diagnose } from './doctor-report.ts';

const ports = diagnose('ports');
const deaf: TransportHost = { message() {}, flowFailed() {}, dropped() {} };

const subjectOf = ({ protocol, host, port }: EdgeListen): string => `${formatEndpoint({ host, port })} ${protocol}`;
const shown = (owners: readonly SocketOwner[]): string => owners.map(({ pid, name }) => `process ${pid} (${name})`).join(', ');

function taken(listen: EdgeListen, runner: readonly SocketOwner[]): Diagnosis {
  const subject = subjectOf(listen);
  const found = ownersOfPort(listen.protocol, listen.port);
  const same = found.find(({ pid }) => runner.some((each) => each.pid === pid));
  if (same !== undefined)
    return ports('ok', 'port.running', { subject, seen: `served by the runner of this configuration, process ${same.pid}` });
  if (found.some(({ pid }) => pid === process.pid)) {
    const why = 'The second of them cannot be bound, and the runner does not start.';
    return ports('error', 'port.twice', {
      subject,
      seen: 'listed twice in edge.listen',
      why,
      remedy: 'Remove one, or give it another port.',
    });
  }
  const seen = found.length === 0 ? 'in use; by whom, only its user or root can see' : `in use by ${shown(found)}`;
  const why = 'Two programs cannot share it: the runner does not start (exit 3).';
  return ports('error', 'port.taken', {
    subject,
    seen,
    why,
    remedy: 'Stop that program, or choose another port in edge.listen.',
  });
}

function refused(listen: EdgeListen, { message, cause }: PhoneError): Diagnosis {
  const words = { subject: subjectOf(listen), seen: message, why: 'The runner does not start (exit 3).' };
  const remedy =
    (cause as NodeJS.ErrnoException | undefined)?.code === 'EACCES'
      ? 'Ports below 1024 need the capability CAP_NET_BIND_SERVICE, or a lower net.ipv4.ip_unprivileged_port_start.'
      : 'Use an address of this machine, 0.0.0.0 or ::.';
  return ports('error', 'port.refused', { ...words, remedy });
}

async function bind(
  listen: EdgeListen,
  ambient: Ambient,
  runner: readonly SocketOwner[],
): Promise<{ found: Diagnosis; transport?: Transport }> {
  const { protocol, host, port } = listen;
  // A port of TLS is bound as any other port of TCP.
  const transport =
    protocol === 'udp' ? createUdpTransport({ host, port }, ambient) : createTcpTransport({ listen: { host, port } }, ambient);
  try {
    await transport.start(deaf);
    const seen = port === 0 ? 'can be bound; the system chooses the port' : 'free';
    return { found: ports('ok', 'port.free', { subject: subjectOf(listen), seen }), transport };
  } catch (error) {
    if (!(error instanceof PhoneError)) throw error;
    return { found: error.code === 'E_TRANSPORT_IN_USE' ? taken(listen, runner) : refused(listen, error) };
  }
}

/** Binds every address of `edge.listen` as a runner would, all of them at once, and lets go of them. */
export async function portChecks({ edge }: RuntimeConfig, socket: string, ambient: Ambient): Promise<readonly Diagnosis[]> {
  const runner = ownersOfPath(socket);
  const bound: Transport[] = [];
  const found: Diagnosis[] = [];
  for (const listen of edge.listen) {
    // Nobody can connect to it, or a plugin serves it in its own way.
    if (listen.connectOnly === true || listen.plugin !== undefined) continue;
    const result = await bind(listen, ambient, runner);
    found.push(result.found);
    if (result.transport !== undefined) bound.push(result.transport);
  }
  await Promise.all(bound.map((transport) => transport.stop()));
  return found;
}
