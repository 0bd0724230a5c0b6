import { z } from 'zod';
import type { Change } from '../config/change.ts';
import type { LineModeReason } from '../config/mode.ts';
import type { CandidateMark, Decision, ScheduledMove } from '../contracts/decision.ts';
import type { RouteVerdict } from '../contracts/mechanism.ts';
import { sameAs } from './same-as.ts';
import { instantSchema, legSchema, ruleSchema, serverSchema, sourceSchema } from './shared-schemas.ts';

/* What a line decides, as JSON. */

/** For records that have a mark and more. */
export const markFields = {
  leg: legSchema,
  server: serverSchema,
  state: z.enum(['up', 'down']),
  downSinceMs: instantSchema('Set while down: since when').exactOptional(),
  blockedUntilMs: instantSchema('Set while a Retry-After forbids requests (D-22)').exactOptional(),
  suspectUntilMs: instantSchema(
    "Of a dual line's primary: an INVITE timed out there, new ones skip it until then (X Primary Suspect Hold)",
  ).exactOptional(),
  bound: z.boolean().describe('A binding of the line lives there (D-38).'),
  usable: z.boolean().describe('New requests may go there (D-38).'),
  rank: z.number().exactOptional().describe('Of a ranked list: its rank, lower is better.'),
  current: z.literal(true).exactOptional().describe('Of a ranked list: new requests go here.'),
  survivability: z.literal(true).exactOptional().describe('Of a ranked list: a gateway of the site, below every normal server.'),
};
export const candidateMarkSchema = sameAs<CandidateMark>()(z.object(markFields).describe('A server as the line sees it.'));

export const moveFields = {
  what: z.string().describe('What will happen: `refresh`, `retry`, `expiry`, `fallback`, `queue-timeout`.'),
  leg: legSchema.exactOptional(),
  atMs: instantSchema('When'),
};
const scheduledMoveSchema = sameAs<ScheduledMove>()(z.object(moveFields).describe('What comes next.'));

export const decisionSchema = sameAs<Decision>()(
  z
    .object({
      seq: z.int().min(1).describe('Counts up per line from 1.'),
      atMs: instantSchema('When it was decided'),
      line: z.string().describe('Id of the line.'),
      about: z.enum(['registration', 'request', 'call', 'inbound', 'policy', 'line']),
      rule: ruleSchema,
      source: sourceSchema,
      request: z
        .object({
          method: z.string(),
          id: z.string().describe("Of the line's own numbering: `c3` a call, `r12` another request, `inbound`."),
        })
        .exactOptional()
        .describe('The request or call it is about.'),
      leg: legSchema.exactOptional(),
      candidates: z.array(candidateMarkSchema).describe('Servers that could have been chosen, as they stood.'),
      inputs: z
        .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
        .describe('What else was known: status code, class of the outcome, timer values. Never secrets or dialled numbers.'),
      outcome: z
        .object({
          action: z
            .string()
            .describe('`send`, `answer`, `queue`, `refuse`, `deliver`, `register`, `wait`, `registered`, `lost`, …'),
          leg: legSchema.exactOptional(),
          server: serverSchema.exactOptional(),
          status: z.int().exactOptional().describe('SIP status that was answered or handed on.'),
          reason: z.string().exactOptional(),
        })
        .describe('What was decided.'),
      next: scheduledMoveSchema.exactOptional(),
    })
    .describe('What a line chose, by which rule, from what, and what it will do next.'),
);

export const routeVerdictSchema = sameAs<RouteVerdict>()(
  z
    .discriminatedUnion('next', [
      z.object({
        next: z.literal('send'),
        leg: legSchema,
        server: serverSchema.exactOptional(),
        register: z.literal(true).exactOptional().describe('The leg registers there first (D-15).'),
        rule: ruleSchema,
        source: sourceSchema,
      }),
      z.object({
        next: z.literal('refuse'),
        status: z.int().describe('SIP status.'),
        reason: z.string(),
        rule: ruleSchema,
        source: sourceSchema,
      }),
      z.object({
        next: z.literal('queue'),
        forMs: z.number().describe('At most so long, ms.'),
        rule: ruleSchema,
        source: sourceSchema,
      }),
      z.object({
        next: z.literal('deliver'),
        exhausted: z.literal(true).exactOptional().describe('Every server of the list has been tried.'),
        rule: ruleSchema,
        source: sourceSchema,
      }),
    ])
    .describe('Where a request goes: sent, refused, held until a leg registers, or its failure handed to the caller.'),
);

export const lineModeReasonSchema = sameAs<LineModeReason>()(
  z
    .object({ mode: z.enum(['disabled', 'single', 'list', 'dual']), rule: ruleSchema, because: z.string() })
    .describe('Why the line runs as it does.'),
);

export const changeFields = {
  scope: z.enum(['ext', 'phone']).describe('A parameter of the line, or of the phone.'),
  key: z.string().describe('Key of the parameter: docs/parameters.md.'),
  apply: z.enum(['restart', 'line', 'transaction', 'immediate']).describe('What must happen before a new value counts.'),
};
export const changeSchema = sameAs<Change>()(z.object(changeFields).describe('A parameter that differs.'));
