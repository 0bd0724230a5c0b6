import type { Ambient, Locator, RuntimeConfig } from '@offhook/core';
import { createDnsLocator, createDnsResolver } from '@offhook/plugin-dns-srv';
import { lookupHost } from './host-locator.ts';

/**
 * DNS with lifetimes. The system's own look-up comes first for plain names, so that a hosts file wins, unless the configuration names DNS
 * servers; then it comes last.
 */
export function createDefaultLocator({ dns = {} }: Pick<RuntimeConfig, 'dns'>, ambient: Ambient): Locator {
  const { servers } = dns;
  const resolver = createDnsResolver({ ambient, ...(servers === undefined ? {} : { servers }) });
  return createDnsLocator({ ambient, resolver, lookup: lookupHost, systemFirst: servers === undefined });
}
