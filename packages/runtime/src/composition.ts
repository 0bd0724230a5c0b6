import 'reflect-metadata';
import {
  type Ambient,
  createMemoryBus,
  createSubjects,
  type EdgeListen,
  type LimitsConfig,
  type PhoneConfig,
  PluginError,
  phoneConfig,
  type RuntimeConfig,
  systemAmbient,
  type Transport,
} from '@offhook/core';
import { createEdge, type Fence } from '@offhook/edge';
import { createActorHost, createPooledHost, type LineHost } from '@offhook/line-actor';
import { createTcpTransport, createTlsTransport } from '@offhook/transport-tcp';
import { createUdpTransport } from '@offhook/transport-udp';
import { container, type DependencyContainer, instanceCachingFactory } from 'tsyringe';
import type { RuntimeOptions } from './create-runtime.ts';
import { createDefaultLocator } from './default-locator.ts';
import { type LoadedPlugins, noPlugins } from './load-plugins.ts';
import { pluggedTransport } from './plugin-transport.ts';
import { createPolicies } from './policies.ts';
import { serversOf } from './servers-of.ts';
import { createSupervisor } from './supervisor.ts';
import { tokens } from './tokens.ts';

const isWildcard = (host: string): boolean => host === '0.0.0.0' || host === '::';

/** What the streams among the transports are given of the limits. */
function streamLimits({ maxConnections, maxConnectionsPerHost, stallS }: Partial<LimitsConfig> = {}) {
  return {
    ...(maxConnections === undefined ? {} : { maxAccepted: maxConnections }),
    ...(maxConnectionsPerHost === undefined ? {} : { maxAcceptedPerHost: maxConnectionsPerHost }),
    ...(stallS === undefined ? {} : { stallMs: stallS * 1_000 }),
  };
}

/**
 * Local ports of outgoing streams. The factory range of 21 ports is too small for a connection for each line and leg, so it counts as not
 * set: then the system chooses. @source design section 4
 */
function streamPorts({ sipTcpPortMin: min, sipTcpPortMax: max }: PhoneConfig) {
  const factory = phoneConfig();
  const isSet = min !== factory.sipTcpPortMin || max !== factory.sipTcpPortMax;
  return isSet && min <= max ? { localPorts: { min, max } } : {};
}

/** The built-in transport of a listening address. TLS listens where there is a certificate, and connects in any case. */
function transportFor(
  { protocol, host, port, connectOnly = false }: EdgeListen,
  { edge, phone }: Pick<RuntimeConfig, 'edge' | 'phone'>,
  ambient: Ambient,
): Transport {
  const { tls = {} } = edge;
  const limits = streamLimits(edge.limits);
  if (protocol === 'udp') return createUdpTransport({ host, port }, ambient);
  const local = { ...(isWildcard(host) ? {} : { localHost: host }), ...streamPorts(phone) };
  if (protocol === 'tcp') return createTcpTransport({ listen: { host, port }, ...local, limits }, ambient);
  const listens = tls.cert !== undefined && !connectOnly;
  if (protocol === 'tls')
    return createTlsTransport({ ...(listens ? { listen: { host, port } } : {}), ...local, tls, limits }, ambient);
  throw new PluginError('E_PLUGIN_INVALID', `No transport plugin serves ${protocol} on ${host}:${port}. Loaded: udp, tcp, tls.`);
}

/** @throws PluginError `E_PLUGIN_LOAD` when the configuration names plugins and nobody loaded them */
function pluginsOf({ config, plugins }: RuntimeOptions): LoadedPlugins {
  if (plugins !== undefined || config.plugins.length === 0) return plugins ?? noPlugins;
  const message = `The configuration names plugins that are not loaded: ${config.plugins.join(', ')}. Load them with loadPlugins() and give them to createRuntime({ plugins }).`;
  throw new PluginError('E_PLUGIN_LOAD', message);
}

/** More lines than an appliance has: then memory and time count for more than an inspector. */
const manyLines = 1_000;

function hostFor({ host, config }: RuntimeOptions, ambient: Ambient): LineHost {
  const pooled = host === undefined ? config.lines.length > manyLines : host === 'pooled';
  return pooled ? createPooledHost() : createActorHost(ambient);
}

/** One child container per runtime: two runtimes in one process share nothing. What is given wins over what is built in. */
export function compose(options: RuntimeOptions, fence?: Fence): DependencyContainer {
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
    once((from) => options.locator ?? createDefaultLocator(config, from.resolve(tokens.ambient))),
  );
  child.register(
    tokens.policies,
    once(() => createPolicies(config, [...pluginsOf(options).mechanisms, ...(options.mechanisms ?? [])])),
  );
  child.register(
    tokens.transports,
    once((from) => {
      const ambient = from.resolve(tokens.ambient);
      const { transports: plugged } = pluginsOf(options);
      const make = (address: EdgeListen): Transport =>
        address.plugin === undefined ? transportFor(address, config, ambient) : pluggedTransport(address, plugged, ambient);
      return options.transports ?? config.edge.listen.map(make);
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
        limits: { ...config.edge.limits, strangers: config.edge.strangers ?? 'drop' },
        servers: serversOf(config.lines),
        trusted: config.edge.trusted ?? [],
        ...(fence && { fence }),
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
        outlives: options.outlives,
        judge: from.resolve(tokens.policies).judge,
        host: hostFor(options, from.resolve(tokens.ambient)),
        store: options.store,
        calls: options.calls,
        locator: from.resolve(tokens.locator),
      }),
    ),
  );
  return child;
}
