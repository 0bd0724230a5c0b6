import { readFileSync } from 'node:fs';
import { type LineConfig, legsOf, type RuntimeConfig } from '@offhook/core';
import { type Diagnosis, diagnose, plural } from './doctor-report.ts';

const machine = diagnose('machine');
const oldest = [20, 19] as const;
const advised = 24;

export function nodeCheck(version = process.versions.node): Diagnosis {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const subject = 'Node.js';
  const seen = `${version} on ${process.platform} ${process.arch}`;
  if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
    const why = `Offhook is written and tested for ${oldest.join('.')} and newer.`;
    return machine('error', 'node.old', { subject, seen, why, remedy: `Install Node.js ${advised} LTS.` });
  }
  if (major >= advised) return machine('ok', 'node', { subject, seen });
  const why = 'This release line no longer gets, or soon will no longer get, security fixes.';
  return machine('info', 'node.ageing', { subject, seen, why, remedy: `Move to Node.js ${advised} LTS.` });
}

/** A number that the system tells in a file; undefined where it does not. */
function readNumber(path: string, pattern: RegExp): number | undefined {
  try {
    const value = Number(pattern.exec(readFileSync(path, 'utf8'))?.[1] ?? Number.NaN);
    return Number.isNaN(value) ? undefined : value;
  } catch {
    return undefined;
  }
}

const protocolOf = ({ ext }: LineConfig): 'udp' | 'stream' =>
  ext.sipTransport === 'TCP' || ext.sipTransport === 'TLS' ? 'stream' : 'udp';

const legCount = (lines: readonly LineConfig[], protocol: 'udp' | 'stream'): number =>
  lines.filter((line) => protocolOf(line) === protocol).reduce((sum, line) => sum + legsOf(line).length, 0);

/** What a runner opens beside the connections of lines: sockets to listen on and to next hops, files, the control socket. */
const otherFiles = 200;

/** Node raises the soft limit to the hard one when it starts, so this process has what a runner would have. */
export function openFileCheck(
  lines: readonly LineConfig[],
  limit = readNumber('/proc/self/limits', /^Max open files\s+(\d+)/m),
): readonly Diagnosis[] {
  if (limit === undefined) return [];
  const connections = legCount(lines, 'stream');
  const needed = connections + otherFiles;
  const subject = 'open files';
  const seen = `${limit} allowed${connections === 0 ? '' : `; ${plural(connections, 'connection')} of lines over TCP or TLS`}`;
  if (needed <= limit * 0.8) return [machine('ok', 'limit.files', { subject, seen })];
  const why = 'Each registration over TCP or TLS has a connection of its own; without a free file it cannot be opened.';
  const remedy = `Raise the limit to ${Math.ceil(needed / 0.8)} or more: ulimit -n, or LimitNOFILE= of the service.`;
  return [machine(needed > limit ? 'error' : 'warning', 'limit.files', { subject, seen, why, remedy })];
}

/** What the UDP transport asks for. */
const wantedBufferBytes = 4_194_304;
/** A SIP answer costs the kernel about so much of a buffer, whatever its length. */
const bytesPerDatagram = 2_304;

/** A buffer of the kernel counts double what is asked for, and is cut to rmem_max. */
export function receiveBufferCheck(
  { lines, phone }: Pick<RuntimeConfig, 'lines' | 'phone'>,
  limit = readNumber('/proc/sys/net/core/rmem_max', /^(\d+)/),
): readonly Diagnosis[] {
  const legs = legCount(lines, 'udp');
  if (limit === undefined || legs === 0) return [];
  const fits = Math.floor((2 * Math.min(limit, wantedBufferBytes)) / bytesPerDatagram);
  const burst = phone.xInitialRegSpread === 0 ? legs : Math.ceil(legs / phone.xInitialRegSpread);
  const subject = 'UDP receive buffer';
  const seen = `holds about ${plural(fits, 'answer')}; ${burst} may come at once`;
  if (burst <= fits) return [machine('ok', 'limit.buffer', { subject, seen })];
  const why = 'Answers that find the buffer full are lost and asked for again half a second later, all together.';
  const bytes = Math.min(wantedBufferBytes, Math.ceil((burst * bytesPerDatagram) / 2));
  const remedy = `sysctl -w net.core.rmem_max=${bytes}, or set xInitialRegSpread to ${Math.ceil(legs / fits)} s or more.`;
  return [machine('warning', 'limit.buffer', { subject, seen, why, remedy })];
}
