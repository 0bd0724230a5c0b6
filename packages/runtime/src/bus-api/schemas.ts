import {
  candidateMarkSchema,
  countSchema,
  decisionSchema,
  directoryAnswerSchema,
  directoryQuerySchema,
  endpointSchema,
  findingSchema,
  flowFailureSchema,
  openEnvelopeSchema,
  openReplySchema,
  routeVerdictSchema,
  sameAs,
} from '@offhook/core';
import { type EdgeStats, edgeCounters } from '@offhook/edge';
import {
  callFactSchema,
  explanationSchema,
  type lineCommands,
  lineStatusSchema,
  registrationFactSchema,
  requestResultSchema,
  stateFactSchema,
} from '@offhook/line-actor';
import { z } from 'zod';
import type { runtimeCommands } from '../front-desk.ts';
import type { MechanismAnswer } from '../line-settings.ts';
import type { LineCounters } from '../supervisor.ts';

/* What a runtime knows beyond its lines, as JSON; and all of it by name. */

const mechanismAnswerSchema = sameAs<MechanismAnswer>()(
  z
    .object({
      line: z.string().describe('Id of the line.'),
      mechanism: z.string().describe('The new value of X Mechanism.'),
      rules: z.string().exactOptional().describe('What rules the line once it is in force; absent: it runs `single`.'),
      restartRequired: z.boolean().describe('It is not in force before the line has been restarted.'),
      findings: z.array(findingSchema).describe('What is worth knowing of it.'),
    })
    .describe('What is to be in force on a line that asked for a mechanism.'),
);

const lineCountersSchema = sameAs<LineCounters>()(
  z
    .object({
      received: countSchema('SIP messages taken from the bus.'),
      faults: z
        .record(z.string(), countSchema('How many.'))
        .describe('By name: of the parser, of the transaction layer, `line-down`, `line-unknown`.'),
    })
    .describe('What became of SIP messages that reached the lines of one process; numbers only rise.'),
);

type EdgeCounts = { -readonly [Name in keyof EdgeStats]: ReturnType<typeof countSchema> };
const edgeCounts = Object.fromEntries(Object.entries(edgeCounters).map(([name, about]) => [name, countSchema(about)]));
export const edgeStatsSchema = sameAs<EdgeStats>()(
  z.object(edgeCounts as EdgeCounts).describe('What became of every message at one edge; numbers only rise.'),
);

type Answers<Known> = { readonly [Name in keyof Known]: z.ZodType };

/** What each command of a line answers. */
export const lineAnswers: Answers<typeof lineCommands> = {
  status: lineStatusSchema,
  explain: explanationSchema,
  call: callFactSchema,
  hangup: z.array(callFactSchema),
  answer: callFactSchema,
  message: requestResultSchema,
  options: requestResultSchema,
  restart: lineStatusSchema,
  policy: mechanismAnswerSchema,
};

/** What each command of a runtime answers. */
export const runtimeAnswers: Answers<typeof runtimeCommands> = {
  lines: z.array(lineStatusSchema),
  counters: lineCountersSchema,
};

/** Schemas that others refer to by these names. */
export const namedSchemas: Readonly<Record<string, z.ZodType>> = {
  Endpoint: endpointSchema,
  FlowFailure: flowFailureSchema,
  OpenEnvelope: openEnvelopeSchema,
  OpenReply: openReplySchema,
  EdgeStats: edgeStatsSchema,
  DirectoryQuery: directoryQuerySchema,
  DirectoryAnswer: directoryAnswerSchema,
  Finding: findingSchema,
  CandidateMark: candidateMarkSchema,
  Decision: decisionSchema,
  RouteVerdict: routeVerdictSchema,
  RegistrationFact: registrationFactSchema,
  CallFact: callFactSchema,
  StateFact: stateFactSchema,
  LineStatus: lineStatusSchema,
  Explanation: explanationSchema,
  RequestResult: requestResultSchema,
  MechanismAnswer: mechanismAnswerSchema,
  LineCounters: lineCountersSchema,
};
