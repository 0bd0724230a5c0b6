import type { Endpoint } from '@offhook/core';

/** Static payload types a scripted party speaks. @source RFC 3551 table 4 */
const payloadTypes: Readonly<Record<string, number>> = { PCMU: 0, PCMA: 8, G722: 9, G729: 18 };

export interface MediaDescription {
  /** Where media would be received. */
  readonly at: Endpoint;
  /** In order of preference; PCMU and PCMA unless told. */
  readonly codecs?: readonly string[];
  /** Counts up with each new description of one session. */
  readonly version?: number;
  readonly direction?: 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';
}

/** One audio stream as an SDP body; nothing is sent or received. @source RFC 4566, RFC 3264 */
export function describeMedia({
  at,
  codecs = ['PCMU', 'PCMA'],
  version = 1,
  direction = 'sendrecv',
}: MediaDescription): Uint8Array {
  const family = at.host.includes(':') ? 'IP6' : 'IP4';
  const known = codecs.filter((codec) => payloadTypes[codec] !== undefined);
  const lines = [
    'v=0',
    `o=lab 1 ${version} IN ${family} ${at.host}`,
    's=-',
    `c=IN ${family} ${at.host}`,
    't=0 0',
    `m=audio ${at.port} RTP/AVP ${known.map((codec) => payloadTypes[codec]).join(' ')}`,
    ...known.map((codec) => `a=rtpmap:${payloadTypes[codec]} ${codec}/8000`),
    `a=${direction}`,
  ];
  return new TextEncoder().encode(lines.map((line) => `${line}\r\n`).join(''));
}
