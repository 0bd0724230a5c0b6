import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BusMessage } from '../contracts/bus.ts';
import { asFlow, type Endpoint, type Inbound, type Protocol } from '../contracts/transport.ts';
import { lineKey } from '../line-key.ts';
import { createManualAmbient } from '../testkit/manual-ambient.ts';
import {
  decodeInbound,
  decodeJson,
  encodeClose,
  encodeInbound,
  encodeJson,
  encodeSend,
  formatEndpoint,
  type LineInbound,
  readEndpoint,
  WrittenJson,
} from './envelope.ts';
import { createMemoryBus } from './memory-bus.ts';
import { assertMessage } from './rules.ts';

const endpoint: fc.Arbitrary<Endpoint> = fc.record({
  host: fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain()),
  port: fc.nat(65_535),
});
const flow = fc
  .string({ unit: 'grapheme-ascii', minLength: 1 })
  .filter((text) => text.trim() === text)
  .map(asFlow);
const protocol = fc.constantFrom<Protocol>('udp', 'tcp', 'tls');
const inbound: fc.Arbitrary<Inbound> = fc.record({
  bytes: fc.uint8Array({ maxLength: 64 }),
  flow,
  local: endpoint,
  remote: endpoint,
  atMs: fc.double({ min: 0, max: 4e12, noNaN: true }).map((ms) => ms + 0),
});

describe('endpoints', () => {
  it('come back from their text', () => {
    fc.assert(
      fc.property(endpoint, (one) => {
        expect(readEndpoint(formatEndpoint(one))).toEqual(one);
      }),
    );
  });

  it.each([
    undefined,
    '',
    '1.2.3.4',
    ':5060',
    '1.2.3.4:',
    '1.2.3.4:65536',
    '1.2.3.4:506000',
    '::1:5060',
    '[::1]',
    '[]:5060',
    'a:b:1',
  ])('are not read from %j', (text) => expect(readEndpoint(text)).toBeUndefined());
});

/** Its fields, which are read when they are asked for. */
function read(message: BusMessage): LineInbound {
  const { bytes, flow, protocol, local, remote, atMs } = decodeInbound(message);
  return { bytes, flow, protocol, local, remote, atMs };
}

describe('an inbound message', () => {
  it('comes back from payload and headers, over a bus that copies', async () => {
    await fc.assert(
      fc.asyncProperty(inbound, protocol, async (one, by) => {
        const ambient = createManualAmbient();
        const bus = createMemoryBus({ ambient, copy: true });
        const seen: BusMessage[] = [];
        bus.subscribe('line', (message) => seen.push(message));
        bus.publish('line', one.bytes, { headers: encodeInbound(one, by) });
        await ambient.settle();
        expect(seen.map(read)).toEqual([{ ...one, protocol: by }]);
      }),
      { numRuns: 50 },
    );
  });

  it('is read without its headers as one from nowhere', () => {
    const message: BusMessage = { subject: 'line', payload: Uint8Array.of(1), headers: {}, respond() {} };
    expect(read(message)).toEqual({
      bytes: Uint8Array.of(1),
      flow: '',
      protocol: 'udp',
      local: { host: '0.0.0.0', port: 0 },
      remote: { host: '0.0.0.0', port: 0 },
      atMs: 0,
    });
  });
});

describe('headers of sends and closes', () => {
  it('can travel', () => {
    fc.assert(
      fc.property(flow, fc.string(), (name, id) => {
        assertMessage(new Uint8Array(), encodeSend(name, lineKey(id)));
        assertMessage(new Uint8Array(), encodeClose(name, lineKey(id), 'alternate'));
      }),
    );
  });
});

describe('JSON payloads', () => {
  it('come back as they were', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(decodeJson(encodeJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('carry null for what JSON has no word for', () => {
    expect(decodeJson(encodeJson(undefined))).toBeNull();
  });

  it('is not written twice: text that its owner wrote travels as it is', () => {
    expect(decodeJson(encodeJson(new WrittenJson('{"seq":1,"line":"\u00fc"}')))).toEqual({ seq: 1, line: 'ü' });
  });

  it('throw a SyntaxError when they are none', () => {
    expect(() => decodeJson(Uint8Array.of(0xff, 0x7b))).toThrow(SyntaxError);
  });
});
