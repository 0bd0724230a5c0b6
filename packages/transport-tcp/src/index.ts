export { tcpManifest } from './manifest.ts';
export type { StreamLimits, StreamTransportOptions } from './stream-options.ts';
export { createTcpTransport } from './tcp-transport.ts';
