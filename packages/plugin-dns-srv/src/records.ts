/** DNS as data: what is asked, and what answers. */

export type RecordType = 'A' | 'AAAA' | 'SRV' | 'NAPTR';

interface Owned {
  /** Whose record it is; case and a dot at the end do not matter. */
  readonly name: string;
  /** How long it may be believed, s. */
  readonly ttlS: number;
}

/** @source RFC 1035, RFC 3596 */
type AddressRecord<T extends 'A' | 'AAAA'> = Owned & { readonly type: T; readonly address: string };

/** @source RFC 2782 */
export interface SrvRecord extends Owned {
  readonly type: 'SRV';
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly target: string;
}

/** @source RFC 3403 section 4 */
export interface NaptrRecord extends Owned {
  readonly type: 'NAPTR';
  readonly order: number;
  readonly preference: number;
  readonly flags: string;
  readonly services: string;
  readonly regexp: string;
  readonly replacement: string;
}

interface AliasRecord extends Owned {
  readonly type: 'CNAME';
  readonly target: string;
}

export type DnsRecord = AddressRecord<'A'> | AddressRecord<'AAAA'> | SrvRecord | NaptrRecord | AliasRecord;

/** What a name has of one type: aliases are followed already, and their lifetimes count. */
export interface Answer {
  /** Of the type asked for. Empty: there is no such name, or nothing of that type. */
  readonly records: readonly DnsRecord[];
  /** How long it may be believed that there is nothing, s; undefined: the answer did not say. @source RFC 2308 section 5 */
  readonly negativeTtlS?: number;
}

/** Answers questions about names. The wire, a zone in memory, or anything else. */
export interface Resolver {
  /** Rejects when nobody answers; in bounded time. */
  query(name: string, type: RecordType): Promise<Answer>;
}

export const recordsOf = <T extends DnsRecord['type']>(type: T, records: readonly DnsRecord[]) =>
  records.filter((record): record is Extract<DnsRecord, { type: T }> => record.type === type);

/** One spelling for each name. */
export const canonicalName = (name: string): string => name.toLowerCase().replace(/\.$/, '');
