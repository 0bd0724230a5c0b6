import type { TransportManifest } from '@offhook/core';

/** SIP over TCP. Messages above 64 KiB are refused in both directions. @source RFC 3261 section 18 */
export const tcpManifest: TransportManifest = Object.freeze({
  name: 'tcp',
  kind: 'transport',
  api: 1,
  protocol: 'tcp',
  reliable: true,
  framing: 'stream',
  maxBytes: 65_536,
});

/** SIP over TLS: the same stream inside it. @source RFC 3261 section 26.2.1 */
export const tlsManifest: TransportManifest = Object.freeze({ ...tcpManifest, name: 'tls', protocol: 'tls' });
