import 'reflect-metadata';
import {
  type Ambient,
  createMemoryBus,
  createSubjects,
  type EdgeListen,
  type EdgeTls,
  PluginError,
  systemAmbient,
  type Transport,
} from '@offhook/core';
import { createEdge } from '@offhook/edge';
import { createActorHost, createPooledHost } from '@offhook/line-actor';
import { createTcpTransport, createTlsTransport } from '@offhook/transport-tcp';
import { createUdpTransport } from '@offhook/transport-udp';
import { container, type DependencyContainer, instanceCachingFactory } from 'tsyringe';
import type { RuntimeOptions } from './create-runtime.ts';
import { createHostLocator } from './host-locator.ts';
import { createPolicies } from './policies.ts';
import { createSupervisor } from './supervisor.ts';
import { tokens } from './tokens.ts';

const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::';

/** The built-in transport of a listening address. TLS listens where there is a certificate, and connects in any case. */
function transportFor({ protocol, host, port, connectOnly = false }: EdgeListen, tls: EdgeTls, ambient: Ambient): Transport {
  if (protocol === 'udp') return createUdpTransport({ host, port }, ambient);
  const local = isWildcard(host) ? {} : { localHost: host };
  if (protocol === 'tcp') return createTcpTransport({ listen: { host, port }, ...local }, ambient);
  const listens = tls.cert !== undefined && !connectOnly;
  if (protocol === 'tls') return createTlsTransport({ ...(listens ? { listen: { host, port } } : {}), ...local, tls }, ambient);
  throw new PluginError('E_PLUGIN_INVALID', `No transport plugin serves ${protocol} on ${host}:${port}. Loaded: udp, tcp, tls.`);
}

/** One child container per runtime: two runtimes in one process share nothing. What is given wins over what is built in. */
export function compose(options: RuntimeOptions): DependencyContainer {
  const child = container.createChildContainer();
  const once = <T>(make: (from: DependencyContainer) => T) => ({ useFactory: instanceCachingFactory(make) });
  const { config } = options;

  child.register(tokens.subjects, { useValue: createSubjects(config.cluster) });
  child.register(
    tokens.ambient,
    once(() => options.ambient ?? systemAmbient()),
  );
  child.register(
    tokens.bus,
    once((from) => options.bus ?? createMemoryBus({ ambient: from.resolve(tokens.ambient) })),
  );
  child.register(
    tokens.locator,
    once(() => options.locator ?? createHostLocator()),
  );
  child.register(
    tokens.judge,
    once(() => createPolicies(config, options.mechanisms ?? [])),
  );
  child.register(
    tokens.transports,
    once((from) => {
      const { listen, tls = {} } = config.edge;
      return options.transports ?? listen.map((address) => transportFor(address, tls, from.resolve(tokens.ambient)));
    }),
  );
  child.register(
    tokens.edge,
    once((from) =>
      createEdge({
        ambient: from.resolve(tokens.ambient),
        bus: from.resolve(tokens.bus),
        subjects: from.resolve(tokens.subjects),
        name: config.edge.name,
        transports: [...from.resolve(tokens.transports)],
        locator: from.resolve(tokens.locator),
      }),
    ),
  );
  child.register(
    tokens.supervisor,
    once((from) =>
      createSupervisor({
        lines: config.lines,
        ambient: from.resolve(tokens.ambient),
        bus: from.resolve(tokens.bus),
        subjects: from.resolve(tokens.subjects),
        edge: config.edge.name,
        judge: from.resolve(tokens.judge),
        host: options.host === 'pooled' ? createPooledHost() : createActorHost(from.resolve(tokens.ambient)),
        store: options.store,
      }),
    ),
  );
  return child;
}
