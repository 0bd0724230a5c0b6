import type { Endpoint, Transport, TransportFactory } from '../contracts/transport.ts';
import { systemAmbient } from '../system-ambient.ts';
import { HostRecorder, type Stranger, type TransportSubject } from './transport-subject.ts';

/**
 * A datagram transport on a real address of this machine, in real time; strangers and dead ends are made of the transport itself.
 * `runKit(transportKit, test, async () => datagramSubject(create), ['datagram'])` is a whole test.
 */
export function datagramSubject(create: TransportFactory, host = '127.0.0.1'): TransportSubject {
  const ambient = systemAmbient();
  const make = (at: Endpoint = { host, port: 0 }): Transport => create(at, ambient);

  async function begin(): Promise<{ readonly transport: Transport; readonly recorder: HostRecorder; readonly local: Endpoint }> {
    const [transport, recorder] = [make(), new HostRecorder()];
    const [local = { host, port: 0 }] = await transport.start(recorder);
    return { transport, recorder, local };
  }

  return {
    ambient,
    create: make,
    async stranger(to): Promise<Stranger> {
      const { transport, recorder, local } = await begin();
      const { flow } = await transport.open({ remote: to, owner: 'stranger', timeoutMs: 5_000 });
      const heard = (): Uint8Array => Uint8Array.from(recorder.messages.flatMap(({ bytes }) => [...bytes]));
      return {
        local,
        send: (bytes) => transport.send(flow, bytes),
        async heard(seen) {
          await recorder.until(() => heard().length > seen);
          return heard();
        },
        close: () => transport.stop(),
      };
    },
    async deadEnd() {
      const { transport, local } = await begin();
      await transport.stop();
      return local;
    },
    wait: (promise) => promise,
    close: async () => {},
  };
}
