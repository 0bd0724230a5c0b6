import { type Ambient, formatEndpoint, type Protocol } from '@offhook/core';
import { createTcpTransport } from '@offhook/transport-tcp';
import { createUdpTransport } from '@offhook/transport-udp';

/** One scripted registrar of the demo, on real sockets. */
export interface DemoServer {
  /** host:port for each transport. */
  readonly udp: string;
  readonly tcp: string;
  /** Answers nothing from now on. */
  silence(): void;
  recover(): void;
}

export interface DemoServers {
  readonly primary: DemoServer;
  readonly alternate: DemoServer;
  stop(): Promise<void>;
}

/** Starts two registrars of the lab on loopback ports of the system's choice; user 5000 answers every call. */
export async function startDemoServers(ambient: Ambient): Promise<DemoServers> {
  const { startLabRegistrar } = await import('@offhook/lab');
  const start = async () => {
    const listen = { host: '127.0.0.1', port: 0 };
    const transports = [createUdpTransport(listen, ambient), createTcpTransport({ listen, localHost: listen.host }, ambient)];
    const registrar = await startLabRegistrar({ ambient, transports, password: () => 'demo', domains: [listen.host] });
    const address = (wanted: Protocol): string => {
      const found = registrar.listening.find(({ protocol }) => protocol === wanted);
      return found === undefined ? '' : formatEndpoint(found);
    };
    const answerCalls = (): void => registrar.answer('INVITE', [{ status: 180 }, { status: 200, afterMs: 200 }]);
    answerCalls();
    const server: DemoServer = {
      udp: address('udp'),
      tcp: address('tcp'),
      silence: () => registrar.silence(),
      recover() {
        registrar.clear();
        answerCalls();
      },
    };
    return { server, stop: () => registrar.stop() };
  };
  const [primary, alternate] = [await start(), await start()];
  return {
    primary: primary.server,
    alternate: alternate.server,
    async stop() {
      await primary.stop();
      await alternate.stop();
    },
  };
}
