import { lineKey, type OpenRequest, type OpenTarget, type Transport, TransportError } from '@offhook/core';
import { describe, expect, it } from 'vitest';
import { nameFlow, openFirst, readFlow } from '../src/open-flow.ts';
import { createFakeTransport } from './support/fake-transport.ts';
import { createWorld } from './support/world.ts';

const envelope = {
  target: { host: 'x', protocol: 'udp' as const },
  line: lineKey('anna'),
  leg: 'primary' as const,
  timeoutMs: 16_000,
};

async function openThrough(
  host: string,
  transports: readonly Transport[],
  listening: readonly (readonly { host: string; port: number }[])[],
  target: Partial<OpenTarget> = {},
) {
  const { ambient } = await createWorld({ isUnstarted: true });
  const entry = { host, port: 5060, protocol: 'udp' as const, rank: 0, name: host, validUntilMs: Number.POSITIVE_INFINITY };
  return openFirst(
    { ...envelope, target: { ...envelope.target, ...target } },
    { transports, listening, locator: { locate: async () => [entry] }, ambient },
  );
}

describe('choosing a transport', () => {
  const at = (host: string) => [{ host, port: 5060 }];

  it('prefers the one at home in the address family', async () => {
    const [four, six] = [createFakeTransport(), createFakeTransport()];
    expect(await openThrough('2001:db8::1', [four, six], [at('0.0.0.0'), at('::')])).toMatchObject({ ok: true, port: 1 });
    expect(four.opens).toEqual([]);
  });

  it('takes any of the protocol when none listens in the family', async () => {
    expect(await openThrough('2001:db8::1', [createFakeTransport()], [at('0.0.0.0')])).toMatchObject({ ok: true, port: 0 });
  });

  it('tries the next one when the first fails, each with the time that is left', async () => {
    const [one, two] = [createFakeTransport(), createFakeTransport()];
    one.answers.set('192.0.2.1', new TransportError('E_TRANSPORT_UNREACHABLE', 'no route'));
    expect(await openThrough('192.0.2.1', [one, two], [at('192.0.2.98'), at('192.0.2.99')])).toMatchObject({ ok: true, port: 1 });
    expect([...one.opens, ...two.opens].map(({ timeoutMs }: OpenRequest) => timeoutMs)).toEqual([16_000, 16_000]);
  });
});

describe('the identity of a server', () => {
  it('is the name it was located by, or the one the line gives', async () => {
    const transport = createFakeTransport();
    await openThrough('192.0.2.1', [transport], []);
    await openThrough('192.0.2.1', [transport], [], { serverName: 'sip-a.example', validateName: false });
    expect(transport.opens[0]).toMatchObject({ serverName: '192.0.2.1' });
    expect(transport.opens[0]).not.toHaveProperty('validateName');
    expect(transport.opens[1]).toMatchObject({ serverName: 'sip-a.example', validateName: false });
  });
});

describe('names of flows', () => {
  it('lead back to the transport and its flow', () => {
    const flow = readFlow(nameFlow(3, readFlow('0/a/b')?.flow ?? ('' as never)));
    expect(flow).toEqual({ port: 3, flow: 'a/b', name: '3/a/b' });
  });

  it.each([undefined, '', 'x', '/a', '1/', '-1/a', '01/a'])('are refused when they are none: %j', (text) => {
    expect(readFlow(text)).toBeUndefined();
  });
});
