export { tcpManifest, tlsManifest } from './manifest.ts';
export type { StreamLimits, StreamTransportOptions } from './stream-options.ts';
export { createTcpTransport } from './tcp-transport.ts';
export { createTlsTransport, type TlsSettings, type TlsTransportOptions } from './tls-transport.ts';
