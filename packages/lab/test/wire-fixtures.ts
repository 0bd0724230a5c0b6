import type { FlowFailure, Inbound, OpenFlow, Protocol, Transport, TransportHost } from '@offhook/core';
import { createVirtualAmbient, createWire, type LinkShape, type VirtualAmbient, type Wire } from '../src/index.ts';

export interface Peer {
  readonly transport: Transport;
  readonly heard: Inbound[];
  readonly failures: FlowFailure[];
  readonly dropped: string[];
}

export const message = (callId: string, body = ''): Uint8Array =>
  new TextEncoder().encode(
    `OPTIONS sip:x@10.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bK${callId}\r\nFrom: <sip:a@x>;tag=1\r\nTo: <sip:b@x>\r\n` +
      `Call-ID: ${callId}\r\nCSeq: 1 OPTIONS\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );

export async function attach(wire: Wire, host: string, protocol: Protocol = 'udp', port = 5060): Promise<Peer> {
  const transport = wire.transport({ host, port, protocol });
  const heard: Inbound[] = [];
  const failures: FlowFailure[] = [];
  const dropped: string[] = [];
  const listener: TransportHost = {
    message: (inbound) => heard.push(inbound),
    flowFailed: (failure) => failures.push(failure),
    dropped: (reason) => dropped.push(reason),
  };
  await transport.start(listener);
  return { transport, heard, failures, dropped };
}

export interface Pair {
  readonly ambient: VirtualAmbient;
  readonly wire: Wire;
  readonly phone: Peer;
  readonly server: Peer;
}
export async function pair(protocol: Protocol, shape: Partial<LinkShape> = {}, seed = 1): Promise<Pair> {
  const ambient = createVirtualAmbient({ seed });
  const wire = createWire(ambient, shape);
  return { ambient, wire, phone: await attach(wire, '10.0.0.9', protocol), server: await attach(wire, '10.0.0.1', protocol) };
}

export const remote = { host: '10.0.0.1', port: 5060 };
export const request = { remote, owner: 'line/primary', timeoutMs: 16_000 };

/** Starts opening and runs the world until that is decided. */
export async function open({ ambient, phone }: Pair, runMs = 20_000): Promise<OpenFlow | { code: string; atMs: number }> {
  const outcome = phone.transport.open(request).then(
    (flow) => flow,
    (error) => ({ code: error.code as string, atMs: ambient.now() }),
  );
  await ambient.runFor(runMs);
  return outcome;
}
export async function opened(world: Pair, runMs = 0): Promise<OpenFlow> {
  const flow = await open(world, runMs);
  if ('code' in flow) throw new Error(`cannot open: ${flow.code}`);
  return flow;
}
