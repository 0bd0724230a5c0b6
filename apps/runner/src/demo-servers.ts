import type { Ambient } from '@offhook/core';

/** One scripted registrar of the demo, on real sockets. */
export interface DemoServer {
  /** host:port for UDP and TCP. */
  readonly address: string;
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
    const { registrar, address, stop } = await startLabRegistrar({ ambient, host: '127.0.0.1', password: () => 'demo' });
    const answerCalls = (): void => registrar.answer('INVITE', [{ status: 180 }, { status: 200, afterMs: 200 }]);
    answerCalls();
    const server: DemoServer = {
      address,
      silence: () => registrar.silence(),
      recover() {
        registrar.clear();
        answerCalls();
      },
    };
    return { server, stop };
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
