import { networkInterfaces } from 'node:os';
import { transportCases, transportMutants } from '@offhook/core/testkit';
import { describe, expect, it } from 'vitest';
import { createTcpSubject } from './support/subject.ts';

const hasIPv6 = Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === '::1'));
const perOwner = transportCases(['stream', 'per-owner']);
const shared = transportCases(['stream', 'shared']);

describe('TCP transport over IPv4', () => {
  it.each(perOwner)('$name', ({ run }) => run(createTcpSubject('127.0.0.1')));
});

describe('TCP transport that shares connections', () => {
  it.each(shared)('$name', ({ run }) => run(createTcpSubject('127.0.0.1', { shared: true })));
});

describe.skipIf(!hasIPv6)('TCP transport over IPv6', () => {
  it.each(perOwner)('$name', ({ run }) => run(createTcpSubject('::1')));
});

describe('the transport kit over TCP', () => {
  const all = [...perOwner, ...shared.filter((one) => !perOwner.includes(one))];
  it.each(all)('catches a transport that breaks: $name', async ({ name, needs, run }) => {
    const mutate = transportMutants[name];
    if (mutate === undefined) throw new Error(`no mutant for the case ${name}`);
    const good = createTcpSubject('127.0.0.1', { shared: needs?.includes('shared') === true });
    await expect(run(mutate({ ...good, patienceMs: 150 }))).rejects.toThrow();
  });
});
