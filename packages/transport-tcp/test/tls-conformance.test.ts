import { networkInterfaces } from 'node:os';
import { casesFor, runKit, transportKit, transportMutants } from '@offhook/core/testkit';
import { describe, expect, it } from 'vitest';
import { createTlsSubject } from './support/subject.ts';

const hasIPv6 = Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === '::1'));

describe('TLS transport over IPv4', () => {
  runKit(transportKit, it, async () => createTlsSubject('127.0.0.1'), ['stream', 'per-owner', 'gives-up']);
});

describe('TLS transport that shares connections', () => {
  runKit(transportKit, it, async () => createTlsSubject('127.0.0.1', { shared: true }), ['stream', 'shared', 'gives-up']);
});

describe.skipIf(!hasIPv6)('TLS transport over IPv6', () => {
  runKit(transportKit, it, async () => createTlsSubject('::1'), ['stream', 'per-owner', 'gives-up']);
});

describe('the transport kit over TLS', () => {
  it.each(casesFor(transportKit, ['stream', 'per-owner', 'shared', 'gives-up']))(
    'catches a transport that breaks: $name',
    async ({ name, needs, run }) => {
      const mutate = transportMutants[name];
      if (mutate === undefined) throw new Error(`no mutant for the case ${name}`);
      const good = createTlsSubject('127.0.0.1', { shared: needs?.includes('shared') === true });
      await expect(run(mutate({ ...good, patienceMs: 150 }))).rejects.toThrow();
    },
  );
});
