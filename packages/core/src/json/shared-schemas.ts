import { z } from 'zod';
import type { Finding, FindingCode } from '../config/finding.ts';
import type { Leg } from '../contracts/decision.ts';
import type { Endpoint, Protocol } from '../contracts/transport.ts';
import { sameAs } from './same-as.ts';

/* JSON on the bus, as schemas: what several of its messages say alike. */

export const instantSchema = (about: string) => z.number().describe(`${about}, ms since 1970.`);
export const textSchema = (about: string) => z.string('a non-empty text').min(1, 'a non-empty text').describe(about);
export const countSchema = (about: string) => z.int().min(0).describe(about);

export const ruleSchema = z
  .string()
  .describe('Table and row of the reference, or D-nn: `6.4:both-usable`. Sentences: docs/rules.md.');
export const sourceSchema = z.string().describe('Where the rule comes from.');
export const serverSchema = z.string().describe('Next hop: `host:port;transport`.');

export const protocolSchema = sameAs<Protocol>()(z.enum(['udp', 'tcp', 'tls'], 'udp, tcp or tls').describe('Transport of SIP.'));
export const legSchema = sameAs<Leg>()(
  z
    .enum(['primary', 'alternate'], 'primary or alternate')
    .describe('Which registration of the line; a single line has `primary` only.'),
);
export const flowSchema = z.string().describe('Names one 4-tuple (UDP) or connection (TCP, TLS) of one edge.');
export const lineKeySchema = z
  .string('a line key')
  .regex(/^[a-z2-7]{12}$/, 'a line key')
  .describe('Line key: lowercase base32.');

export const endpointSchema = sameAs<Endpoint>()(
  z
    .object({
      host: z.string().describe('IP literal without brackets.'),
      port: z.int().min(0).max(65_535).describe('Port.'),
    })
    .describe('An address on the network.'),
);

/** Their list is long and grows: a reader has to live with new ones. */
const findingCode = z.string().describe('Stable name: `policy.conflict`.') as z.ZodType as z.ZodType<FindingCode>;

export const findingSchema = sameAs<Finding>()(
  z
    .object({
      severity: z.enum(['error', 'warning', 'info']),
      code: findingCode,
      line: z.string().exactOptional().describe('Id of the line it is about; the first one when several share it.'),
      lines: countSchema('How many lines share it, when more than one does.').exactOptional(),
      path: z.string().describe('Where the value stands: `lines[2].proxy`.'),
      seen: z.string().describe('The value as written; secrets are never shown.'),
      allowed: z.string().describe('What would be accepted.'),
      message: z.string().describe('What is wrong and what the runtime does about it.'),
      remedy: z.string().describe('What to change; empty when there is nothing to do.'),
      at: z
        .object({ file: z.string(), line: z.int().min(1), column: z.int().min(1) })
        .exactOptional()
        .describe('Place in a configuration file; line and column count from 1.'),
    })
    .describe('What is wrong, doubtful or worth knowing in a configuration.'),
);
