import {
  candidateMarkSchema,
  changeFields,
  countSchema,
  type Decision,
  decisionSchema,
  findingSchema,
  instantSchema,
  legSchema,
  lineKeySchema,
  lineModeReasonSchema,
  markFields,
  moveFields,
  routeVerdictSchema,
  ruleSchema,
  sameAs,
  serverSchema,
  sourceSchema,
  type WrittenJson,
} from '@offhook/core';
import { z } from 'zod';
import type { Explanation, Formula, PlannedMove } from './explain.ts';
import type { Attempt } from './if-silent.ts';
import type { Refusal, WaitingChange } from './line-options.ts';
import type { CallFact } from './live-call.ts';
import type { RequestResult } from './requests.ts';
import type { LegStatus, LineStatus } from './status.ts';
import type { MailboxStatus } from './subscriptions.ts';

/* What a line says of itself, as JSON: facts, and answers to commands. */

const lineId = z.string().describe('Id of the line.');
const route = z
  .string()
  .describe(
    '`onTop`, `failedOver`, `recovering`, `outOfService`, `draining`, `stopped`, `disabled`, `failed`; docs/statecharts/line.md.',
  );
const registration = z.string().describe('State of the registration: docs/statecharts/registration.md.');

export const callFactSchema = sameAs<CallFact>()(
  z
    .object({
      id: z.string().describe("Of the line's own numbering: `c1`."),
      direction: z.enum(['outgoing', 'incoming']),
      state: z.string().describe('`trying`, `ringing`, `up`, `held`, `ended`; docs/statecharts/call.md.'),
      leg: legSchema.exactOptional(),
      codec: z.string().exactOptional(),
      status: z.int().exactOptional().describe('Of an ended call: final SIP status, when there was one.'),
      reason: z.string().exactOptional().describe('Of an ended call: why.'),
    })
    .describe('One call. Never the number dialled.'),
);

export const registrationFactSchema = z
  .object({ leg: legSchema, state: registration, mark: candidateMarkSchema })
  .describe("What a leg's registration has become.");

const messagesSchema = z.object({
  waiting: z.boolean().describe('Messages wait.'),
  voice: z
    .object({
      new: countSchema('New messages.'),
      old: countSchema('Old messages.'),
      urgentNew: countSchema('Of the new ones: urgent.').exactOptional(),
      urgentOld: countSchema('Of the old ones: urgent.').exactOptional(),
    })
    .exactOptional()
    .describe('Voice messages; absent where the server does not count them.'),
});

const subscriptionFields = {
  event: z.string().describe('Event package: `message-summary`.'),
  state: z.string().describe('`ended`, `pending`, `active`, `moving`, `retrying`; docs/statecharts/subscription.md.'),
  leg: legSchema.exactOptional(),
  refreshAtMs: instantSchema('When it is renewed').exactOptional(),
  expiresAtMs: instantSchema('When it ends unless renewed').exactOptional(),
  retryAtMs: instantSchema('When it is tried again').exactOptional(),
};

export const stateFactSchema = z
  .discriminatedUnion('type', [
    z.object({
      type: z.literal('line'),
      state: z.string().describe('State of the line: docs/statecharts/line.md; `failed` while it waits to be started again.'),
      restartAtMs: instantSchema('Of a failed line: when it is started again').exactOptional(),
    }),
    z.object({ type: z.literal('subscription'), ...subscriptionFields }),
    z.object({ type: z.literal('mwi'), ...messagesSchema.shape }),
    z.object({
      type: z.literal('message'),
      from: z.string().describe('URI of the From header.'),
      bytes: countSchema('Length of the body, bytes. What it says is not told.'),
    }),
  ])
  .describe('A state of the line, a subscription, messages waiting, or a MESSAGE that came.');

export type RegistrationFact = z.output<typeof registrationFactSchema>;
export type StateFact = z.output<typeof stateFactSchema>;

/** What a line says on each of its subjects of facts. */
export interface FactValues {
  readonly decision: Decision | WrittenJson;
  readonly registration: RegistrationFact;
  readonly call: CallFact;
  readonly state: StateFact;
}

const legStatusSchema = sameAs<LegStatus>()(
  z
    .object({
      ...markFields,
      registration,
      expiresAtMs: instantSchema('When the binding ends unless renewed').exactOptional(),
      refreshAtMs: instantSchema('When it is renewed').exactOptional(),
      retryAtMs: instantSchema('When it is tried again').exactOptional(),
      failures: countSchema('Failed attempts in a row.'),
    })
    .describe('One registration now.'),
);

const mailboxStatusSchema = sameAs<MailboxStatus>()(
  z
    .object({ ...subscriptionFields, messages: messagesSchema.exactOptional().describe('As the server told last.') })
    .describe('What the line knows of its messages.'),
);

const refusalSchema = sameAs<Refusal>()(
  z
    .object({
      code: z.string().describe('`policy.conflict`, `policy.unavailable`, `policy.unknown`.'),
      asked: z.string().describe('What the configuration asked for.'),
      message: z.string(),
      remedy: z.string().describe('What to change.'),
    })
    .describe('A mechanism the registry refused on this line.'),
);

const waitingChangeSchema = sameAs<WaitingChange>()(
  z
    .object({ ...changeFields, until: z.enum(['restart', 'last-call']).describe('What it waits for.') })
    .describe('A changed parameter that is not in force yet.'),
);

const statusFields = {
  id: lineId,
  key: lineKeySchema,
  slot: z.int().min(0).max(1_023).describe('Slot of the key: together they name the line on the bus.'),
  user: z.string().describe('User ID.'),
  mode: z.string().describe('`single`, `list`, `dual`, `disabled`.'),
  route,
  legs: z.array(legStatusSchema),
  servers: z.array(candidateMarkSchema).exactOptional().describe('Of a ranked list: its servers in order.'),
  calls: z.array(callFactSchema),
  queued: countSchema('Requests that wait for a registration.'),
  subscriptions: z.array(mailboxStatusSchema),
  degraded: z.boolean().describe('Validation repaired something, or a mechanism was refused.'),
  refusals: z.array(refusalSchema),
  findings: z.array(findingSchema),
  waiting: z.array(waitingChangeSchema).exactOptional().describe('Changed parameters that are not in force yet.'),
  restartRequired: z.literal(true).exactOptional().describe('Some of them wait for a restart of the line or the runtime.'),
};
export const lineStatusSchema = sameAs<LineStatus>()(z.object(statusFields).describe('A line now.'));

const formulaSchema = sameAs<Formula>()(
  z
    .object({
      from: z.string().describe('What happened, or happens, at `fromMs`.'),
      fromMs: instantSchema('Where the count begins'),
      step: z.string().describe('What `stepMs` is: `Proxy Fallback Intvl`.'),
      stepMs: z.number().describe('One span, ms.'),
      count: z.int().describe('How many spans.'),
      moreMs: z.number().describe('The random part of X Fallback Spread, or the rest of a Retry-After, ms.'),
    })
    .describe('How the instant comes to be: fromMs + count × stepMs + moreMs.'),
);

const plannedMoveSchema = sameAs<PlannedMove>()(
  z
    .object({
      ...moveFields,
      rule: ruleSchema,
      source: sourceSchema,
      server: serverSchema.exactOptional(),
      formula: formulaSchema.exactOptional(),
      latched: z.literal(true).exactOptional().describe('Its instant has come, and a call puts it off (D-24).'),
    })
    .describe('A scheduled move.'),
);

const attemptSchema = sameAs<Attempt>()(
  z
    .object({
      afterMs: z.number().describe('Since the request began, ms.'),
      verdict: routeVerdictSchema,
      server: serverSchema.exactOptional(),
    })
    .describe('One step of a request that nobody answers.'),
);

const attempts = z.array(attemptSchema);

export const explanationSchema = sameAs<Explanation>()(
  z
    .object({
      ...statusFields,
      atMs: instantSchema('When it was explained'),
      because: lineModeReasonSchema,
      routeSinceMs: instantSchema('When the line came to its state of route'),
      chosen: decisionSchema.exactOptional(),
      ifNow: z
        .object({ INVITE: routeVerdictSchema, MESSAGE: routeVerdictSchema })
        .describe('What would be decided about a new request now.'),
      ifSilent: z.object({ INVITE: attempts, MESSAGE: attempts }).describe('What would become of it if no server answered.'),
      next: z.array(plannedMoveSchema).describe('Scheduled moves, soonest first.'),
      stay: z
        .object({ rule: ruleSchema, source: sourceSchema })
        .exactOptional()
        .describe('Of a ranked list below its best server: why nothing is scheduled that leads back.'),
      decisions: z.array(decisionSchema).describe('The latest decisions, at most 32.'),
    })
    .describe('Which server is in use, by which rule, and what happens next.'),
);

export const requestResultSchema = sameAs<RequestResult>()(
  z
    .discriminatedUnion('ok', [
      z.object({ ok: z.literal(true), status: z.int().describe('SIP status.'), leg: z.string() }),
      z.object({
        ok: z.literal(false),
        status: z.int().exactOptional().describe('SIP status, when there was one.'),
        reason: z.string(),
      }),
    ])
    .describe('How a MESSAGE or OPTIONS ended.'),
);
