export type { SystemLookup } from './address-search.ts';
export { createDnsLocator, type DnsLocatorOptions } from './dns-locator.ts';
export { createDnsResolver, type DnsResolverOptions } from './dns-resolver.ts';
export { createDnsSrvMechanism } from './mechanism.ts';
export type { Answer, DnsRecord, NaptrRecord, RecordType, Resolver, SrvRecord } from './records.ts';
export { type ZoneOptions, type ZoneResolver, zoneResolver } from './zone-resolver.ts';
