import { networkInterfaces } from 'node:os';
import { casesFor, runKit, transportKit, transportMutants } from '@offhook/core/testkit';
import { describe, expect, it } from 'vitest';
import { createUdpSubject } from './support/subject.ts';

const hasIPv6 = Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === '::1'));

describe('UDP transport over IPv4', () => {
  runKit(transportKit, it, async () => createUdpSubject('127.0.0.1'), ['datagram']);
});

describe.skipIf(!hasIPv6)('UDP transport over IPv6', () => {
  runKit(transportKit, it, async () => createUdpSubject('::1'), ['datagram']);
});

describe('the transport kit over UDP', () => {
  it.each(casesFor(transportKit, ['datagram']))('catches a transport that breaks: $name', async ({ name, run }) => {
    const mutate = transportMutants[name];
    if (mutate === undefined) throw new Error(`no mutant for the case ${name}`);
    await expect(run(mutate({ ...createUdpSubject('127.0.0.1'), patienceMs: 150 }))).rejects.toThrow();
  });
});
