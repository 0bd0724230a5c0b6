import {
  decodeJson,
  encodeClose,
  encodeJson,
  encodeSend,
  type Flow,
  type LineKey,
  type OpenEnvelope,
  type OpenReply,
} from '@offhook/core';
import { describe, expect, it } from 'vitest';
import type { Fence } from '../src/index.ts';
import { request } from './support/messages.ts';
import { anna, bert, createWorld, type World } from './support/world.ts';

/* In a cluster a line has one owner at a time; what earlier owners still say is dropped at the edge (scale D.2, step 5). */

/** Lines whose epoch is known are admitted from it on, others are not. */
function fenceAt(epochs: Map<LineKey, number>): Fence {
  return { admits: (line, epoch) => Number(epoch ?? Number.NaN) >= (epochs.get(line) ?? Number.POSITIVE_INFINITY) };
}

function claim(epoch: string | undefined): { readonly epoch: string } | undefined {
  return epoch === undefined ? undefined : { epoch };
}

async function open(world: World, epoch?: string, line: string = anna): Promise<OpenReply> {
  const envelope = { target: { host: '192.0.2.1', protocol: 'udp' }, line, leg: 'primary', timeoutMs: 16_000 };
  const answer = world.bus.request(world.subjects.edge('e1', 'open'), encodeJson(envelope as OpenEnvelope), {
    timeoutMs: 100_000,
    headers: { ...claim(epoch) },
  });
  await world.rest();
  return decodeJson<OpenReply>((await answer).payload);
}

async function send(world: World, flow: Flow, epoch?: string, line = anna): Promise<void> {
  world.bus.publish(world.subjects.edge('e1', 'send'), Buffer.from(request()), {
    headers: { ...encodeSend(flow, line), ...claim(epoch) },
  });
  await world.rest();
}

async function close(world: World, flow: Flow, epoch?: string): Promise<void> {
  const headers = { ...encodeClose(flow, anna, 'primary'), ...claim(epoch) };
  world.bus.publish(world.subjects.edge('e1', 'close'), new Uint8Array(), { headers });
  await world.rest();
}

async function openFlow(world: World, epoch?: string): Promise<Flow> {
  const reply = await open(world, epoch);
  if (!reply.ok) throw new Error(reply.detail);
  return reply.flow;
}

describe('an edge with a fence', () => {
  it('serves the owner of a line, and its next owner', async () => {
    const world = await createWorld({ fence: fenceAt(new Map([[anna, 7]])) });
    const flow = await openFlow(world, '7');
    await send(world, flow, '7');
    await send(world, flow, '8');
    expect(world.udp.sent).toHaveLength(2);
    await close(world, flow, '8');
    expect(world.udp.closed).toHaveLength(1);
    expect(world.edge.stats()).toMatchObject({ opened: 1, sent: 2, droppedStale: 0 });
  });

  it('drops what an earlier owner sends or closes, says nothing to the line, and counts it', async () => {
    const epochs = new Map([[anna, 7]]);
    const world = await createWorld({ fence: fenceAt(epochs) });
    const flow = await openFlow(world, '7');
    epochs.set(anna, 8);
    await send(world, flow, '7');
    await send(world, flow);
    await close(world, flow, '7');
    expect(world.udp.sent).toEqual([]);
    expect(world.udp.closed).toEqual([]);
    expect(world.told).toEqual([]);
    expect(world.edge.stats()).toMatchObject({ sent: 0, droppedSends: 0, droppedStale: 3 });
  });

  it('answers an open of an earlier owner with a failure, and opens nothing', async () => {
    const world = await createWorld({ fence: fenceAt(new Map([[anna, 8]])) });
    const refused = { ok: false, reason: 'rejected', detail: 'another host owns this line now' };
    expect(await open(world, '7')).toEqual(refused);
    expect(await open(world)).toEqual(refused);
    expect(await open(world, '8', 'no line key')).toMatchObject({ ok: false, reason: 'error' });
    expect(world.udp.opens).toEqual([]);
    expect(world.edge.stats()).toMatchObject({ opened: 0, openFailures: 3, droppedStale: 2 });
  });

  it('asks for each line by itself', async () => {
    const world = await createWorld({ fence: fenceAt(new Map([[anna, 7]])) });
    const flow = await openFlow(world, '7');
    await send(world, flow, '7', bert);
    expect(world.edge.stats()).toMatchObject({ sent: 0, droppedStale: 1 });
  });
});

it('an edge without a fence reads no epoch', async () => {
  const world = await createWorld();
  const flow = await openFlow(world);
  await send(world, flow, 'whatever');
  await send(world, flow);
  expect(world.edge.stats()).toMatchObject({ sent: 2, droppedStale: 0 });
});
