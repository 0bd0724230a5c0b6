import { networkInterfaces } from 'node:os';
import { transportCases, transportMutants } from '@offhook/core/testkit';
import { describe, expect, it } from 'vitest';
import { createUdpSubject } from './support/subject.ts';

const hasIPv6 = Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === '::1'));
const cases = transportCases(['datagram']);

describe('UDP transport over IPv4', () => {
  it.each(cases)('$name', ({ run }) => run(createUdpSubject('127.0.0.1')));
});

describe.skipIf(!hasIPv6)('UDP transport over IPv6', () => {
  it.each(cases)('$name', ({ run }) => run(createUdpSubject('::1')));
});

describe('the transport kit over UDP', () => {
  it.each(cases)('catches a transport that breaks: $name', async ({ name, run }) => {
    const mutate = transportMutants[name];
    if (mutate === undefined) throw new Error(`no mutant for the case ${name}`);
    await expect(run(mutate({ ...createUdpSubject('127.0.0.1'), patienceMs: 150 }))).rejects.toThrow();
  });
});
