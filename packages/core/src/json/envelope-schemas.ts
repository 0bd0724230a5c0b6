import { z } from 'zod';
import type {
  CommandEnvelope,
  CommandReply,
  DirectoryAnswer,
  DirectoryQuery,
  FlowEnvelope,
  OpenEnvelope,
  OpenReply,
} from '../bus/envelope.ts';
import type { FlowFailureReason } from '../contracts/transport.ts';
import { sameAs } from './same-as.ts';
import {
  endpointSchema,
  findingSchema,
  flowSchema,
  instantSchema,
  legSchema,
  lineKeySchema,
  protocolSchema,
  textSchema,
} from './shared-schemas.ts';

/* Questions, answers and reports on the bus. A reader ignores what it does not know: members of a cluster may be of different age. */

const reasons = ['refused', 'unreachable', 'timeout', 'closed', 'reset', 'rejected', 'error'] as const;
const reasonSchema = sameAs<FlowFailureReason>()(
  z.enum(reasons).describe('`rejected`: our own check failed (TLS name, framing, limits).'),
);
const port = z.int('a port, 0 to 65535').min(0, 'a port, 0 to 65535').max(65_535, 'a port, 0 to 65535');
const detail = z.string().describe('One readable sentence, no secrets.');

export const flowFailureSchema = sameAs<FlowEnvelope>()(
  z
    .object({ flow: flowSchema, remote: endpointSchema, reason: reasonSchema, detail, atMs: instantSchema('When it failed') })
    .describe('A flow failed, or what was sent on it.'),
);

const targetSchema = z
  .object(
    {
      host: textSchema('A name, which the edge locates, or an IP literal.'),
      port: port.exactOptional().describe('Without it: what the locator or the protocol says.'),
      protocol: protocolSchema,
      serverName: textSchema(
        "Name that the server's certificate must carry, where it is another than `host` (TLS).",
      ).exactOptional(),
      validateName: z.boolean('true or false').exactOptional().describe('False: any name will do (TLS).'),
    },
    'an object',
  )
  .describe('Where the flow shall lead.');

export const openEnvelopeSchema = sameAs<OpenEnvelope>()(
  z
    .object(
      {
        target: targetSchema,
        line: lineKeySchema,
        leg: legSchema,
        timeoutMs: z
          .number('a number of milliseconds')
          .min(0, 'a number of milliseconds')
          .describe('The edge answers within this time, ms.'),
      },
      'an object',
    )
    .describe('A leg of a line asks for a flow before it sends anything.'),
);

export const openReplySchema = sameAs<OpenReply>()(
  z
    .discriminatedUnion('ok', [
      z.object({
        ok: z.literal(true),
        flow: flowSchema,
        protocol: protocolSchema,
        reliable: z.boolean().describe("True: retransmission is the transport's own work."),
        local: endpointSchema,
        remote: endpointSchema,
        viaSentBy: z.string().describe('host:port for Via.'),
        contactHostPort: z.string().describe('host:port for Contact: where inbound requests reach this edge.'),
      }),
      z.object({ ok: z.literal(false), reason: z.enum([...reasons, 'unresolved']), detail }),
    ])
    .describe('The flow and what Via and Contact must say, or why there is none.'),
);

export const directoryQuerySchema = sameAs<DirectoryQuery>()(
  z.object({ user: textSchema('User part of the Request-URI.') }).describe('Which lines serve this user?'),
);

export const directoryAnswerSchema = sameAs<DirectoryAnswer>()(
  z
    .object({ keys: z.array(lineKeySchema).describe('Keys of the lines, in the order of the configuration.') })
    .describe('Every line of that user, whichever host runs it.'),
);

/** A mistyped name beside `command` and `args` would otherwise be a command without arguments. */
export const commandEnvelopeSchema = sameAs<CommandEnvelope>()(
  z
    .strictObject(
      {
        command: textSchema('Name of the command.'),
        args: z.record(z.string(), z.unknown(), 'an object').default({}).describe('Arguments by name; none: {}.'),
      },
      'an object',
    )
    .describe('A command.'),
);

export const commandReplySchema = sameAs<CommandReply>()(
  z
    .discriminatedUnion('ok', [
      z.object({ ok: z.literal(true), value: z.unknown().exactOptional().describe('What the command answers.') }),
      z.object({
        ok: z.literal(false),
        code: z.string().describe('Stable: docs/errors.md.'),
        message: z.string().describe('What was seen, what is allowed, what to do.'),
        findings: z
          .array(findingSchema)
          .exactOptional()
          .describe('Everything that was found, where there is more than one thing.'),
      }),
    ])
    .describe('What became of a command.'),
);

const endpointText = (about: string) => z.string().describe(`${about}: \`192.0.2.1:5060\`, \`[2001:db8::1]:5060\`.`);
const epoch = z
  .string()
  .exactOptional()
  .describe('In a cluster: which ownership of the line the sender claims. An edge whose fence refuses it drops the message.');

/** Headers of `line.<slot>.<key>.sip`. */
export const inboundHeadersSchema = z.object({
  flow: flowSchema,
  protocol: protocolSchema,
  local: endpointText('Our own address'),
  remote: endpointText('Where it came from'),
  at: z.string().describe('When it came, ms since 1970.'),
});

/** Headers of `edge.<edge>.send`. */
export const sendHeadersSchema = z.object({ flow: flowSchema, line: lineKeySchema, epoch });

/** Headers of `edge.<edge>.close`. */
export const closeHeadersSchema = z.object({ flow: flowSchema, line: lineKeySchema, leg: legSchema, epoch });

/** Headers of `edge.<edge>.open` and of facts. */
export const ownedHeadersSchema = z.object({ epoch });
