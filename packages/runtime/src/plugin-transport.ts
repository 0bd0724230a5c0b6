import {
  type Ambient,
  didYouMean,
  type EdgeListen,
  type ErrorCode,
  PhoneError,
  type Plugin,
  PluginError,
  type Transport,
  TransportError,
  type TransportFactory,
  type TransportManifest,
} from '@offhook/core';
import { createTcpTransport, createTlsTransport, tcpManifest, tlsManifest } from '@offhook/transport-tcp';
import { createUdpTransport, udpManifest } from '@offhook/transport-udp';

/** A transport as a plugin brings it. */
export interface TransportPlugin {
  readonly manifest: TransportManifest;
  readonly create: TransportFactory;
}

/** They have their names first. */
export const builtInTransports: readonly Plugin[] = [
  { manifest: udpManifest, create: createUdpTransport },
  { manifest: tcpManifest, create: createTcpTransport },
  { manifest: tlsManifest, create: createTlsTransport },
];

/** What is wrong with the plugins that listening addresses name: not loaded, or for another protocol. */
export function listenFaults(listen: readonly EdgeListen[], transports: readonly TransportPlugin[]): readonly string[] {
  const names = transports.map(({ manifest }) => manifest.name);
  return listen.flatMap(({ plugin: name, protocol }, i) => {
    if (name === undefined) return [];
    const found = transports.find(({ manifest }) => manifest.name === name)?.manifest;
    if (found?.protocol === protocol) return [];
    const place = `edge.listen[${i}] names the transport plugin "${name}"`;
    if (found !== undefined)
      return [`${place}, which serves ${found.protocol}, for ${protocol}. Set its protocol to ${found.protocol}.`];
    const meant = didYouMean(name, names);
    const remedy = meant === undefined ? 'Add its path or package to plugins' : `Did you mean ${meant}`;
    return [
      `${place}, which no plugin brings. Loaded: ${names.join(', ') || 'none'}. ${remedy}${meant === undefined ? '.' : '?'}`,
    ];
  });
}

/** A plugin may carry its own copy of core, whose errors are of another class there: their code tells what they are. */
function adopt(error: unknown): unknown {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  if (error instanceof PhoneError || typeof code !== 'string' || !code.startsWith('E_TRANSPORT_')) return error;
  return new TransportError(code as ErrorCode, error instanceof Error ? error.message : code, { cause: error });
}

async function adopting<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw adopt(error);
  }
}

function make({ manifest, create }: TransportPlugin, { host, port }: EdgeListen, ambient: Ambient): Transport {
  try {
    return create({ host, port }, ambient);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new PluginError('E_PLUGIN_LOAD', `Transport plugin "${manifest.name}": create() fails for ${host}:${port}: ${why}`, {
      cause,
    });
  }
}

const methods = ['start', 'open', 'send', 'close', 'stop'] as const;

/**
 * The transport that the plugin of a listening address makes for it.
 * @throws PluginError `E_PLUGIN_INVALID` not loaded, for another protocol, or no transport; `E_PLUGIN_LOAD` its factory fails
 */
export function pluggedTransport(address: EdgeListen, transports: readonly TransportPlugin[], ambient: Ambient): Transport {
  const [fault] = listenFaults([address], transports);
  const plugin = transports.find(({ manifest }) => manifest.name === address.plugin);
  if (fault !== undefined || plugin === undefined) throw new PluginError('E_PLUGIN_INVALID', fault ?? 'no plugin is named');
  const made = make(plugin, address, ambient);
  const missing = methods.filter((method) => typeof made?.[method] !== 'function');
  if (missing.length > 0) {
    const message = `Transport plugin "${plugin.manifest.name}": what create() makes has no ${missing.join(', ')}.`;
    throw new PluginError('E_PLUGIN_INVALID', message);
  }
  return {
    manifest: plugin.manifest,
    start: (host) => adopting(() => made.start(host)),
    open: (request) => adopting(() => made.open(request)),
    send: (flow, bytes) => made.send(flow, bytes),
    close: (flow) => made.close(flow),
    stop: () => made.stop(),
  };
}
