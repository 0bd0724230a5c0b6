import 'reflect-metadata';
import {
  type Ambient,
  createMemoryBus,
  createSubjects,
  type EdgeListen,
  knownMechanisms,
  PluginError,
  systemAmbient,
  type Transport,
} from '@offhook/core';
import { createEdge } from '@offhook/edge';
import { dualRegistration } from '@offhook/line-actor';
import { createTcpTransport } from '@offhook/transport-tcp';
import { createUdpTransport } from '@offhook/transport-udp';
import { container, type DependencyContainer, instanceCachingFactory } from 'tsyringe';
import type { RuntimeOptions } from './create-runtime.ts';
import { createHostLocator } from './host-locator.ts';
import { createSupervisor } from './supervisor.ts';
import { tokens } from './tokens.ts';

const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::';

/** The built-in transport of a listening address. */
function transportFor({ protocol, host, port }: EdgeListen, ambient: Ambient): Transport {
  if (protocol === 'udp') return createUdpTransport({ host, port }, ambient);
  if (protocol === 'tcp')
    return createTcpTransport({ listen: { host, port }, ...(isWildcard(host) ? {} : { localHost: host }) }, ambient);
  throw new PluginError('E_PLUGIN_INVALID', `No transport plugin serves ${protocol} on ${host}:${port}. Loaded: udp, tcp.`);
}

/** One child container per runtime: two runtimes in one process share nothing. What is given wins over what is built in. */
export function compose(options: RuntimeOptions): DependencyContainer {
  const child = container.createChildContainer();
  const once = <T>(make: (from: DependencyContainer) => T) => ({ useFactory: instanceCachingFactory(make) });
  const { config } = options;

  child.register(tokens.config, { useValue: config });
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
  child.register(tokens.mechanisms, { useValue: [dualRegistration, ...(options.mechanisms ?? [])] });
  child.register(
    tokens.transports,
    once((from) => options.transports ?? config.edge.listen.map((listen) => transportFor(listen, from.resolve(tokens.ambient)))),
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
    once((from) => {
      const mechanisms = from.resolve(tokens.mechanisms);
      const own = mechanisms.map(({ manifest }) => manifest);
      const announced = knownMechanisms.filter(({ name }) => !own.some((manifest) => manifest.name === name));
      return createSupervisor({
        lines: config.lines,
        ambient: from.resolve(tokens.ambient),
        bus: from.resolve(tokens.bus),
        subjects: from.resolve(tokens.subjects),
        edge: config.edge.name,
        mechanisms,
        manifests: [...own, ...announced],
        store: options.store,
      });
    }),
  );
  return child;
}
