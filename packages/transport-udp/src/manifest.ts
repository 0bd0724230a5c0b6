import type { TransportManifest } from '@offhook/core';

/** SIP over UDP. 65,507 bytes is what one IPv4 datagram carries. @source RFC 768, RFC 3261 section 18.1.1 */
export const udpManifest: TransportManifest = Object.freeze({
  name: 'udp',
  kind: 'transport',
  api: 1,
  protocol: 'udp',
  reliable: false,
  framing: 'datagram',
  maxBytes: 65_507,
});
