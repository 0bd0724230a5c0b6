import { type BusMessage, type CommandEnvelope, CommandError, type CommandReply, decodeJson, encodeJson } from '@offhook/core';
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

/** `policy` is carried out by whoever supervises the line. */
const names = ['status', 'explain', 'call', 'hangup', 'answer', 'message', 'options', 'restart', 'policy'];

function textArg(args: CommandEnvelope['args'], name: string): string {
  const value = args[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new CommandError('E_COMMAND_INVALID', `Argument "${name}" is ${JSON.stringify(value)}; a non-empty text is needed.`);
}

const optionalText = (args: CommandEnvelope['args'], name: string): string | undefined =>
  args[name] === undefined ? undefined : textArg(args, name);

async function run(subject: CommandSubject, { command, args = {} }: CommandEnvelope): Promise<unknown> {
  const { line, calls, requests } = subject;
  switch (command) {
    case 'status':
      return line.status();
    case 'explain':
      return line.explain();
    case 'call':
      return calls.dial(textArg(args, 'target'));
    case 'hangup':
      return calls.hangup(optionalText(args, 'call'));
    case 'answer':
      return calls.answer(optionalText(args, 'call'));
    case 'message':
      return requests.send({
        method: 'MESSAGE',
        target: textArg(args, 'target'),
        contentType: 'text/plain;charset=UTF-8',
        body: new TextEncoder().encode(textArg(args, 'text')),
      });
    case 'options':
      return requests.send({ method: 'OPTIONS', target: textArg(args, 'target') });
    case 'restart':
      subject.restart();
      return line.status();
    default:
      throw new CommandError('E_COMMAND_INVALID', `A line has no command "${command}". Known: ${names.join(', ')}.`);
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
    run(subject, decodeJson<CommandEnvelope>(message.payload))
      .then((value) => reply({ ok: true, value }))
      .catch(refuse);
  } catch (error) {
    refuse(error);
  }
}
