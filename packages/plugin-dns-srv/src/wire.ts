import { decode, encode, type Answer as PacketAnswer, RECURSION_DESIRED } from 'dns-packet';
import type { Reply } from './aliases.ts';
import { canonicalName, type DnsRecord, type RecordType } from './records.ts';

/** One question to one server. */
export interface Question {
  /** 16 bits, drawn anew for every packet. */
  readonly id: number;
  readonly name: string;
  readonly type: RecordType;
}

/** What a server's packet means. */
export type Reading =
  | { readonly kind: 'reply'; readonly reply: Reply }
  /** It did not fit: the same question goes over TCP. @source RFC 7766 section 5 */
  | { readonly kind: 'truncated' }
  /** The server cannot or will not tell: another may. */
  | { readonly kind: 'failed'; readonly rcode: string };

export const encodeQuestion = ({ id, name, type }: Question): Uint8Array =>
  encode({ type: 'query', id, flags: RECURSION_DESIRED, questions: [{ type, name }] });

function readRecord(answer: PacketAnswer): DnsRecord | undefined {
  if (answer.type === 'OPT' || answer.ttl === undefined) return undefined;
  // A lifetime with the highest bit set counts as none. @source RFC 2181 section 8
  const owned = { name: answer.name, ttlS: answer.ttl >= 2 ** 31 ? 0 : answer.ttl };
  switch (answer.type) {
    case 'A':
    case 'AAAA':
      return { ...owned, type: answer.type, address: answer.data };
    case 'CNAME':
      return { ...owned, type: 'CNAME', target: answer.data };
    case 'SRV': {
      const { priority = 0, weight = 0, port, target } = answer.data;
      return { ...owned, type: 'SRV', priority, weight, port, target };
    }
    case 'NAPTR':
      return { ...owned, type: 'NAPTR', ...answer.data };
    default:
      return undefined;
  }
}

/** How long nothing may be believed: the lesser of the SOA's own lifetime and its minimum. @source RFC 2308 section 5 */
function negativeTtlOf(authorities: readonly PacketAnswer[]): { readonly negativeTtlS?: number } {
  const soa = authorities.find((record) => record.type === 'SOA');
  if (soa?.type !== 'SOA') return {};
  return { negativeTtlS: Math.min(soa.ttl ?? 0, soa.data.minimum ?? 0) };
}

/** Reads what came from the server; undefined: it answers something else, or nothing that can be read. @source RFC 5452 section 9.1 */
export function readReply(bytes: Uint8Array, { id, name, type }: Question): Reading | undefined {
  let packet: ReturnType<typeof decode>;
  try {
    packet = decode(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch {
    return undefined;
  }
  const question = packet.questions?.[0];
  const isOurs = packet.type === 'response' && packet.id === id && packet.questions?.length === 1;
  if (!isOurs || question?.type !== type || canonicalName(question.name) !== canonicalName(name)) return undefined;
  const { rcode } = packet as { rcode?: string };
  if (packet.flag_tc) return { kind: 'truncated' };
  if (rcode !== 'NOERROR' && rcode !== 'NXDOMAIN') return { kind: 'failed', rcode: rcode ?? 'unknown' };
  const records = (packet.answers ?? []).flatMap((answer) => readRecord(answer) ?? []);
  return { kind: 'reply', reply: { records, ...negativeTtlOf(packet.authorities ?? []) } };
}
