import { z } from 'zod';
import type { Endpoint } from '../contracts/transport.ts';
import { isIpLiteral, parseServer } from './server.ts';

/** @source RFC 1035 section 4.2 */
const dnsPort = 53;

/** Reads `192.0.2.53` or `[2001:db8::1]:5353`; undefined for other text. */
export function readResolver(text: string): Endpoint | undefined {
  const server = parseServer(text);
  if (server === undefined || !isIpLiteral(server.host) || server.form !== undefined || server.protocol !== undefined)
    return undefined;
  return { host: server.host, port: server.port ?? dnsPort };
}

/** `dns`: whom names are asked of. */
export const dnsSchema = z.strictObject({
  servers: z
    .array(
      z.string().refine((text) => readResolver(text) !== undefined, 'an IP address, with a port or without: [2001:db8::1]:5353'),
    )
    .min(1)
    .optional()
    .meta({
      description:
        'DNS servers: IP addresses, with a port or without. Without them: those of the system, and its hosts file comes first for plain names.',
    }),
});
