import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Protocol } from '@offhook/core';

/** A process that holds a socket, as far as this user may see it. */
export interface SocketOwner {
  readonly pid: number;
  /** Its program's name. */
  readonly name: string;
}

function lines(path: string): readonly string[] {
  try {
    return readFileSync(path, 'utf8').trim().split('\n').slice(1);
  } catch {
    return [];
  }
}

/** Inodes of the sockets that are bound to a port. Fields: sl local remote st … inode. */
function inodesOfPort(protocol: Protocol, port: number): readonly string[] {
  const table = protocol === 'udp' ? 'udp' : 'tcp';
  const listening = '0A';
  return [`/proc/net/${table}`, `/proc/net/${table}6`].flatMap(lines).flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    const [local = '', state] = [fields[1], fields[3]];
    const bound = Number.parseInt(local.split(':').at(-1) ?? '', 16) === port && (table === 'udp' || state === listening);
    return bound && fields[9] !== undefined ? [fields[9]] : [];
  });
}

/** Fields: Num RefCount Protocol Flags Type St Inode Path. */
function inodesOfPath(path: string): readonly string[] {
  return lines('/proc/net/unix').flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    return fields.slice(7).join(' ') === path && fields[6] !== undefined ? [fields[6]] : [];
  });
}

function nameOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
  } catch {
    return 'unknown';
  }
}

function socketsOf(pid: string): readonly string[] {
  try {
    const folder = `/proc/${pid}/fd`;
    return readdirSync(folder).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`${folder}/${fd}`))?.[1] ?? [];
      } catch {
        return [];
      }
    });
  } catch {
    // Another user's, or gone meanwhile.
    return [];
  }
}

function owners(inodes: readonly string[]): readonly SocketOwner[] {
  if (inodes.length === 0) return [];
  let pids: readonly string[] = [];
  try {
    pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
  const held = pids.filter((pid) => socketsOf(pid).some((inode) => inodes.includes(inode)));
  return held.map((pid) => ({ pid: Number(pid), name: nameOf(pid) }));
}

/** Who is bound to a local port; empty where the system does not say (other than Linux, or another user's process). */
export const ownersOfPort = (protocol: Protocol, port: number): readonly SocketOwner[] => owners(inodesOfPort(protocol, port));

/** Who serves a local socket. */
export const ownersOfPath = (path: string): readonly SocketOwner[] => owners(inodesOfPath(path));
