import { formatEndpoint, systemAmbient } from '@offhook/core';
import { type Registrar, startLabRegistrar } from '@offhook/lab';
import { createUdpTransport } from '@offhook/transport-udp';

/** A scripted registrar on a UDP port of loopback; user 5000 answers at once, 5486 is busy. */
export interface Server {
  readonly registrar: Registrar;
  /** host:port */
  readonly address: string;
  stop(): Promise<void>;
}

export async function startServer(password: string): Promise<Server> {
  const ambient = systemAmbient();
  const transports = [createUdpTransport({ host: '127.0.0.1', port: 0 }, ambient)];
  const registrar = await startLabRegistrar({ ambient, transports, password: () => password, domains: ['127.0.0.1'] });
  const [at] = registrar.listening;
  registrar.answer('INVITE', [{ status: 180 }, { status: 200 }]);
  return { registrar, address: at === undefined ? '' : formatEndpoint(at), stop: () => registrar.stop() };
}

/** Lines that hold a registration at two servers; ports of the system's choice. */
export const dualYaml = (primary: string, alternate: string, more = ''): string => `
edge:
  listen:
    - { protocol: udp, host: 127.0.0.1, port: 0 }
phone: { sipTimerB: 1, sipTimerF: 1 }
templates:
  dual:
    proxy: ${primary}
    alternateProxy: ${alternate}
    dualRegistration: true
    password: { env: LINE_PASSWORD }
lines:
  - { template: dual, userId: "1001", displayName: Reception }
  - { template: dual, from: 2000, count: 2 }
${more}`;
