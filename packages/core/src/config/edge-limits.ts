import { z } from 'zod';
import { readNetwork } from './network.ts';

/** `edge.strangers`, `edge.trusted`, `edge.limits`: whom the edge listens to, and how much it takes. */

export const strangersSchema = z.enum(['drop', 'accept']).default('drop').meta({
  description:
    'Messages of hosts that are no server of a line and not in `edge.trusted`: dropped and counted, or accepted at a bounded rate.',
});

export const trustedSchema = z
  .array(z.string().refine((text) => readNetwork(text) !== undefined, 'an IP address, or a network such as 10.0.0.0/8'))
  .default([])
  .meta({ description: 'Further hosts that may send to us as servers may: IP addresses or networks such as 10.0.0.0/8.' });

const count = (initial: number, description: string) => z.int().min(1).max(2_147_483_647).default(initial).meta({ description });

/** 0: none. */
const optional = (description: string) => z.int().min(0).max(2_147_483_647).default(0).meta({ description });

export const limitsSchema = z.strictObject({
  maxBytes: z
    .int()
    .min(1_024)
    .max(65_536)
    .default(65_536)
    .meta({ description: 'Longest message taken, bytes; a longer one is dropped.' }),
  perSourcePerS: count(200, 'Messages a second of one stranger, where strangers are accepted. An IPv6 /64 counts as one.'),
  perSourceBurst: count(400, 'Messages of one stranger at once.'),
  totalPerS: count(2_000, 'Messages a second of all strangers together.'),
  totalBurst: count(4_000, 'Messages of all strangers at once.'),
  perServerPerS: optional('Messages a second of one server of a line, or of one trusted host; 0: no limit.'),
  perServerBurst: optional('Messages of one server at once; 0: as many as in two seconds.'),
  maxConnections: count(4_096, 'Connections that peers may have open to one address of ours.'),
  maxConnectionsPerHost: count(1_024, 'The same for one remote host.'),
  stallS: z.int().min(1).max(3_600).default(32).meta({
    description: 'A message that has begun, a handshake, and the first message of a connection must be whole by then, s.',
  }),
});

/** What the network may ask of an edge and its transports. */
export type LimitsConfig = z.output<typeof limitsSchema>;
