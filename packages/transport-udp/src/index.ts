export { udpManifest } from './manifest.ts';
export { createUdpTransport, type UdpTransportOptions } from './udp-transport.ts';
