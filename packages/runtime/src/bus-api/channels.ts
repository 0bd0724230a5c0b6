import {
  type CommandArguments,
  closeHeadersSchema,
  commandEnvelopeSchema,
  commandReplySchema,
  createSubjects,
  decisionSchema,
  directoryAnswerSchema,
  directoryQuerySchema,
  findingSchema,
  flowFailureSchema,
  inboundHeadersSchema,
  type LineKey,
  openEnvelopeSchema,
  openReplySchema,
  ownedHeadersSchema,
  sendHeadersSchema,
  slotOf,
} from '@offhook/core';
import { callFactSchema, lineCommands, registrationFactSchema, stateFactSchema } from '@offhook/line-actor';
import { z } from 'zod';
import { runtimeCommands } from '../front-desk.ts';
import { edgeStatsSchema, lineAnswers, runtimeAnswers } from './schemas.ts';

/** One message of the bus. `sip`: bytes of one SIP message; `nothing`: no payload. */
export interface BusApiMessage {
  readonly name: string;
  readonly about: string;
  readonly payload: z.ZodType | 'sip' | 'nothing';
  readonly headers?: z.ZodType;
}

/** One thing that is asked or told on a channel. */
export interface BusApiOperation {
  readonly message: BusApiMessage;
  /** What comes back; the first is what one hopes for. */
  readonly answers?: readonly BusApiMessage[];
}

/** One subject of the bus with all that it carries. */
export interface BusApiChannel {
  readonly name: string;
  /** The subject, with its parameters in braces. */
  readonly address: string;
  readonly about: string;
  /** Who speaks: one of us, or anyone who has a connection to the bus. */
  readonly from: 'line' | 'edge' | 'anyone';
  /** Who listens. */
  readonly to: 'line' | 'edge' | 'runtime' | 'member' | 'anyone';
  readonly operations: readonly BusApiOperation[];
}

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

const refused: BusApiMessage = {
  name: 'refused',
  about: 'The command was not carried out.',
  payload: z
    .object({
      ok: z.literal(false),
      code: z.string().describe('Stable: docs/errors.md.'),
      message: z.string().describe('What was seen, what is allowed, what to do.'),
      findings: z.array(findingSchema).exactOptional().describe('Everything that was found, where there is more than one thing.'),
    })
    .describe('A refused command.'),
};

/** Each command with its arguments and its answer. */
function commandsOf(
  who: string,
  known: CommandArguments,
  answers: Readonly<Record<string, z.ZodType>>,
): readonly BusApiOperation[] {
  return Object.entries(known).map(([command, args]) => {
    const name = `${who}${capital(command)}`;
    const about = args.description ?? '';
    const given = args.safeParse({}).success ? args.optional() : args;
    const value = answers[command] ?? z.unknown();
    return {
      message: { name: `${name}Command`, about, payload: z.strictObject({ command: z.literal(command), args: given }) },
      answers: [
        { name: `${name}Reply`, about: `Answer to \`${command}\`.`, payload: z.object({ ok: z.literal(true), value }) },
        refused,
      ],
    };
  });
}

const told = (
  name: string,
  about: string,
  payload: BusApiMessage['payload'],
  headers?: z.ZodType,
): readonly BusApiOperation[] => [{ message: { name, about, payload, ...(headers && { headers }) } }];

/** Every subject of the bus, as `createSubjects` names it, and what travels there. */
export function busApi(): readonly BusApiChannel[] {
  const subjects = createSubjects('{cluster}');
  const key = '{key}' as LineKey;
  const ofLine = (subject: string): string => subject.replace(`.${slotOf(key)}.${key}.`, `.{slot}.${key}.`);
  const line = (kind: Parameters<typeof subjects.line>[1]): string => ofLine(subjects.line(key, kind));
  const fact = (kind: Parameters<typeof subjects.fact>[1]): string => ofLine(subjects.fact(key, kind));
  const edge = (kind: Parameters<typeof subjects.edge>[1]): string => subjects.edge('{edge}', kind);
  return [
    {
      ...{ name: 'lineSip', address: line('sip'), from: 'edge', to: 'line', about: 'SIP messages for one line.' },
      operations: told('sipIn', 'One SIP message that came for the line.', 'sip', inboundHeadersSchema),
    },
    {
      ...{ name: 'lineFlow', address: line('flow'), from: 'edge', to: 'line', about: 'Failed flows of one line.' },
      operations: told('flowFailed', 'A flow failed, or what was sent on it.', flowFailureSchema),
    },
    {
      ...{ name: 'lineCommands', address: line('cmd'), from: 'anyone', to: 'line', about: 'Commands to one line.' },
      operations: commandsOf('line', lineCommands, lineAnswers),
    },
    {
      ...{ name: 'edgeOpen', address: edge('open'), from: 'line', to: 'edge', about: 'A line asks for a flow.' },
      operations: [
        {
          message: {
            name: 'open',
            about: 'Where the flow shall lead.',
            payload: openEnvelopeSchema,
            headers: ownedHeadersSchema,
          },
          answers: [{ name: 'opened', about: 'The flow, or why there is none.', payload: openReplySchema }],
        },
      ],
    },
    {
      ...{ name: 'edgeSend', address: edge('send'), from: 'line', to: 'edge', about: 'SIP messages that leave.' },
      operations: told('sipOut', 'One SIP message to be sent on a flow.', 'sip', sendHeadersSchema),
    },
    {
      ...{ name: 'edgeClose', address: edge('close'), from: 'line', to: 'edge', about: 'Flows that are no longer needed.' },
      operations: told('close', 'A leg of a line needs the flow no more.', 'nothing', closeHeadersSchema),
    },
    {
      ...{ name: 'edgeStats', address: edge('stats'), from: 'anyone', to: 'edge', about: 'Counters of one edge.' },
      operations: [
        {
          message: { name: 'edgeCount', about: 'What became of every message?', payload: 'nothing' },
          answers: [{ name: 'edgeCounted', about: 'Counters since its start.', payload: edgeStatsSchema }],
        },
      ],
    },
    {
      ...{ name: 'directory', address: subjects.directory, from: 'edge', to: 'runtime' },
      about: `Lines of a user. Line hosts share the questions in the queue group \`${subjects.directoryQueue}\`.`,
      operations: [
        {
          message: { name: 'whose', about: 'User of a request without a line key.', payload: directoryQuerySchema },
          answers: [{ name: 'theirs', about: 'Keys of the lines, perhaps none.', payload: directoryAnswerSchema }],
        },
      ],
    },
    {
      ...{ name: 'control', address: subjects.control, from: 'anyone', to: 'runtime' },
      about: 'Commands to every process that runs lines outside a cluster of edges and line hosts; each of them answers.',
      operations: commandsOf('runtime', runtimeCommands, runtimeAnswers),
    },
    {
      ...{ name: 'member', address: subjects.member('{member}'), from: 'anyone', to: 'member' },
      about: 'Commands to one line host or edge of a cluster. A refusal names the commands there are.',
      operations: [
        {
          message: { name: 'memberCommand', about: 'A command to a member.', payload: commandEnvelopeSchema },
          answers: [{ name: 'memberReply', about: 'What became of it.', payload: commandReplySchema }],
        },
      ],
    },
    {
      ...{ name: 'decisions', address: fact('decision'), from: 'line', to: 'anyone', about: 'What a line decides.' },
      operations: told('decided', 'One decision: rule, inputs, outcome, next move.', decisionSchema, ownedHeadersSchema),
    },
    {
      ...{ name: 'registrations', address: fact('registration'), from: 'line', to: 'anyone', about: 'Registrations of a line.' },
      operations: told('registrationChanged', 'What a registration has become.', registrationFactSchema, ownedHeadersSchema),
    },
    {
      ...{ name: 'calls', address: fact('call'), from: 'line', to: 'anyone', about: 'Calls of a line.' },
      operations: told('callChanged', 'What a call has become.', callFactSchema, ownedHeadersSchema),
    },
    {
      ...{ name: 'states', address: fact('state'), from: 'line', to: 'anyone', about: 'States of a line and what reaches it.' },
      operations: told(
        'stateChanged',
        'A state, a subscription, messages waiting, or a MESSAGE that came.',
        stateFactSchema,
        ownedHeadersSchema,
      ),
    },
  ];
}
