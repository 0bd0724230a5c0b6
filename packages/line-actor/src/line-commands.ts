import {
  type AskedCommand,
  type BusMessage,
  CommandError,
  type CommandReply,
  encodeJson,
  readCommand,
  textSchema,
} from '@offhook/core';
import { z } from 'zod';
import type { Line } from './line.ts';
import type { LineCalls } from './line-calls.ts';
import type { Requests } from './requests.ts';

/** What commands act on. */
export interface CommandSubject {
  readonly line: Line;
  readonly calls: LineCalls;
  readonly requests: Requests;
  restart(): void;
}

const target = textSchema("SIP URI, or a user part of the line's own domain.");
const call = textSchema('Id of the call: `c1`.').exactOptional();

/** The arguments that each command of a line takes. `policy` is carried out by whoever supervises the line. */
export const lineCommands = {
  status: z.strictObject({}).describe('How the line stands.'),
  explain: z.strictObject({}).describe('Which server is in use, by which rule, and what happens next.'),
  call: z.strictObject({ target }).describe('Places a call; answers when the INVITE has been routed.'),
  hangup: z.strictObject({ call }).describe('Ends the call named, or all of them.'),
  answer: z.strictObject({ call }).describe('Takes the call named, or the one that rings.'),
  message: z
    .strictObject({ target, text: textSchema('What the message says.') })
    .describe('Sends a MESSAGE; answers when it has ended, up to three minutes later.'),
  options: z.strictObject({ target }).describe('Sends an OPTIONS; answers when it has ended, up to three minutes later.'),
  restart: z.strictObject({}).describe('The line withdraws its bindings and begins anew, with what waits for its restart.'),
  policy: z
    .strictObject({
      mechanism: textSchema('`auto` or the name of a mechanism.'),
      restart: z.boolean('true or false').exactOptional().describe('True: the line begins anew with it at once.'),
    })
    .describe('Sets X Mechanism if the registry admits it.'),
} as const;

export type LineCommand = AskedCommand<typeof lineCommands>;

/** @throws CommandError `E_COMMAND_INVALID` */
export const readLineCommand = ({ payload }: BusMessage): LineCommand => readCommand('A line', lineCommands, payload);

async function run(subject: CommandSubject, asked: LineCommand): Promise<unknown> {
  // Calls and requests of a line are made when they are asked for.
  switch (asked.command) {
    case 'status':
      return subject.line.status();
    case 'explain':
      return subject.line.explain();
    case 'call':
      return subject.calls.dial(asked.args.target);
    case 'hangup':
      return subject.calls.hangup(asked.args.call);
    case 'answer':
      return subject.calls.answer(asked.args.call);
    case 'message':
      return subject.requests.send({
        method: 'MESSAGE',
        target: asked.args.target,
        contentType: 'text/plain;charset=UTF-8',
        body: new TextEncoder().encode(asked.args.text),
      });
    case 'options':
      return subject.requests.send({ method: 'OPTIONS', target: asked.args.target });
    case 'restart':
      subject.restart();
      return subject.line.status();
    case 'policy':
      throw new CommandError('E_COMMAND_INVALID', 'Nobody supervises this line who could set its mechanism.');
  }
}

/** Carries out one command of the bus and answers it. */
export function answerCommand(message: BusMessage, subject: CommandSubject): void {
  const reply = (answer: CommandReply): void => message.respond(encodeJson(answer));
  const refuse = (error: unknown): void => {
    const code = error instanceof CommandError ? error.code : 'E_COMMAND_INVALID';
    reply({ ok: false, code, message: error instanceof Error ? error.message : String(error) });
  };
  try {
    run(subject, readLineCommand(message))
      .then((value) => reply({ ok: true, value }))
      .catch(refuse);
  } catch (error) {
    refuse(error);
  }
}
