import type { Socket } from 'node:net';
import { sampleMessage } from '@offhook/core/testkit';
import { describe, expect, it } from 'vitest';
import { createCleanup } from './support/cleanup.ts';
import { reset } from './support/raw-stream.ts';
import { openTo, startTlsStation } from './support/station.ts';
import { listenTls } from './support/tls-stream.ts';
import { openWire } from './support/wire.ts';

const keep = createCleanup();

describe('a record cut off', () => {
  /** A station with a connection to a TLS server that has said a whole message, and the wire between them. */
  async function behindAWire() {
    const peer = await keep(listenTls(), (server) => server.close());
    const wire = await keep(openWire(peer.at), ({ close }) => close());
    const us = await keep(startTlsStation(), ({ transport }) => transport.stop());
    await openTo(us, wire.at);
    const stream = await peer.accepted();
    stream.send(sampleMessage('whole'));
    await us.host.until(() => us.host.messages.length === 1);
    return {
      us,
      /** Half a record of a second message gets through; the near end of the wire. */
      async half() {
        const record = wire.intercept();
        stream.send(sampleMessage('half', new Uint8Array(2_000)));
        const bytes = await record;
        await new Promise((resolve) => wire.near().write(bytes.subarray(0, bytes.length / 2), resolve));
        return wire.near();
      },
    };
  }

  it.each([
    ['the end of the stream', (near: Socket): void => void near.end(), 'closed'],
    ['a reset', reset, 'reset'],
  ] as const)('by %s loses the flow and hands on nothing of it', async (_what, cut, reason) => {
    const { us, half } = await behindAWire();
    cut(await half());
    await us.host.until(() => us.host.failures.length > 0);
    expect(us.host.failures).toMatchObject([{ reason }]);
    expect(us.host.messages).toHaveLength(1);
  });

  it('by what is no TLS is ended by our own check', async () => {
    const { us, half } = await behindAWire();
    (await half()).write(Buffer.alloc(40_000, 0x16));
    await us.host.until(() => us.host.failures.length > 0);
    expect(us.host.failures[0]).toMatchObject({
      reason: 'rejected',
      detail: expect.stringContaining('the TLS protocol was broken'),
    });
    expect(us.host.messages).toHaveLength(1);
  });
});
