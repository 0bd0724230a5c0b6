import { type Endpoint, formatEndpoint } from '@offhook/core';

/** Something bound to an endpoint. */
export interface Port {
  readonly local: Endpoint;
}

/** Who is bound where, for datagrams or for streams: their port numbers are apart. */
export interface Ports<Listener extends Port> {
  /** Binds a listener; port 0 takes a free one. Undefined when the port is taken. */
  bind(host: string, port: number, make: (local: Endpoint) => Listener): Listener | undefined;
  unbind(listener: Listener): void;
  at(endpoint: Endpoint): Listener | undefined;
  /** A local port nobody is bound to and nobody was given before. */
  freePort(host: string): number;
}

const firstEphemeralPort = 49_152;

/** `hosts` collects every address anything was ever bound on. */
export function createPorts<Listener extends Port>(hosts: Set<string>): Ports<Listener> {
  const bound = new Map<string, Listener>();
  const nextPort = new Map<string, number>();

  function freePort(host: string): number {
    let port = nextPort.get(host) ?? firstEphemeralPort;
    while (bound.has(formatEndpoint({ host, port }))) port++;
    nextPort.set(host, port + 1);
    return port;
  }

  return {
    bind(host, port, make) {
      const local = { host, port: port === 0 ? freePort(host) : port };
      const key = formatEndpoint(local);
      if (bound.has(key)) return undefined;
      const listener = make(local);
      bound.set(key, listener);
      hosts.add(host);
      return listener;
    },
    unbind(listener) {
      const key = formatEndpoint(listener.local);
      if (bound.get(key) === listener) bound.delete(key);
    },
    at: (endpoint) => bound.get(formatEndpoint(endpoint)),
    freePort,
  };
}
