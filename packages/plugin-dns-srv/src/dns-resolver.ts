import { getServers } from 'node:dns';
import { type Ambient, type Endpoint, formatEndpoint, readResolver, TransportError } from '@offhook/core';
import { followAliases, type Reply } from './aliases.ts';
import { askOverTcp, askOverUdp } from './exchange.ts';
import type { RecordType, Resolver } from './records.ts';
import type { Reading } from './wire.ts';

export interface DnsResolverOptions {
  readonly ambient: Ambient;
  /** `192.0.2.53`, `[2001:db8::1]:5353`. Default: those of the system, as it has them when a question is asked. */
  readonly servers?: readonly string[];
}

/** One server has so long to answer; all of them together, in two rounds, so long. */
const serverTimeoutMs = 1_500;
const questionTimeoutMs = 5_000;
const rounds = 2;
const mostServers = 4;

/**
 * Asks DNS servers over UDP, and over TCP where an answer does not fit. The server that answered last is asked first; one that is silent or
 * cannot tell costs at most 1.5 s before the next one is asked, and a question ends after 5 s.
 */
export function createDnsResolver({ ambient, servers }: DnsResolverOptions): Resolver {
  let lastGood = '';

  function serversNow(): readonly Endpoint[] {
    const known = (servers ?? getServers()).flatMap((text) => readResolver(text) ?? []).slice(0, mostServers);
    const isGood = (server: Endpoint): boolean => formatEndpoint(server) === lastGood;
    return [...known.filter(isGood), ...known.filter((server) => !isGood(server))];
  }

  async function askServer(server: Endpoint, name: string, type: RecordType, deadlineMs: number): Promise<Reading> {
    const leftMs = (): number => Math.max(Math.min(serverTimeoutMs, deadlineMs - ambient.now()), 0);
    const question = { id: Math.floor(ambient.random() * 0x1_00_00), name, type };
    const reading = await askOverUdp(server, question, leftMs(), ambient);
    return reading.kind === 'truncated' ? askOverTcp(server, question, leftMs(), ambient) : reading;
  }

  async function ask(name: string, type: RecordType): Promise<Reply> {
    const deadlineMs = ambient.now() + questionTimeoutMs;
    const order = serversNow();
    const faults = new Map<string, string>();
    for (const server of Array.from({ length: rounds }, () => order).flat()) {
      const place = formatEndpoint(server);
      if (ambient.now() >= deadlineMs) break;
      try {
        const reading = await askServer(server, name, type, deadlineMs);
        if (reading.kind === 'reply') {
          lastGood = place;
          return reading.reply;
        }
        faults.set(place, `${place} answered ${reading.kind === 'failed' ? reading.rcode : 'half'}`);
      } catch (error) {
        faults.set(place, error instanceof Error ? error.message : String(error));
      }
    }
    const seen = [...faults.values()].join('; ') || 'this machine has no DNS server';
    const message = `No answer of DNS for ${type} ${name}: ${seen}. Check dns.servers, or the DNS servers of this machine.`;
    throw new TransportError('E_TRANSPORT_UNRESOLVED', message);
  }

  return followAliases(ask);
}
