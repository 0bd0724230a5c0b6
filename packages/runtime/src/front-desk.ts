import {
  type Bus,
  type BusMessage,
  type CommandArguments,
  checkJson,
  type DirectoryAnswer,
  directoryQuerySchema,
  encodeJson,
  type LineKey,
  readCommand,
  type Subjects,
  type Subscription,
} from '@offhook/core';
import { z } from 'zod';
import { refusalOf, reply } from './replies.ts';

/** What is asked over the bus of a process, not of one of its lines. */

/** Each answers with a value, or throws a PhoneError that its caller is to see. */
export type Commands = Readonly<Record<string, (args: Readonly<Record<string, unknown>>) => unknown>>;

/** The arguments that each command of a runtime takes. */
export const runtimeCommands = {
  lines: z.strictObject({}).describe('The status of every line of this process.'),
  counters: z.strictObject({}).describe('What became of the messages that reached its lines.'),
} as const;

const anything = z.record(z.string(), z.unknown());

/**
 * Answers commands by their names; an unknown one is told which there are. `who` as a sentence begins: "A runtime".
 * @param takes what arguments a command takes; one that is not named looks at its arguments by itself
 */
export function serveCommands(
  bus: Bus,
  subject: string,
  who: string,
  commands: Commands,
  takes: CommandArguments = {},
): Subscription {
  const known = Object.fromEntries(Object.keys(commands).map((name) => [name, takes[name] ?? anything]));
  function carryOut({ payload }: BusMessage): unknown {
    const { command, args } = readCommand(who, known, payload);
    return commands[command]?.(args as Readonly<Record<string, unknown>>);
  }
  return bus.subscribe(subject, (message) => {
    try {
      reply(message, { ok: true, value: carryOut(message) });
    } catch (error) {
      reply(message, refusalOf(error));
    }
  });
}

/** Which lines serve a user: the edge chooses among them. Of several who could tell one is asked. */
export function serveDirectory(bus: Bus, subjects: Subjects, linesOf: (user: string) => readonly LineKey[]): Subscription {
  const answer = (message: BusMessage): void => {
    const asked = checkJson(directoryQuerySchema, message.payload);
    const keys = 'value' in asked ? linesOf(asked.value.user) : [];
    message.respond(encodeJson({ keys } satisfies DirectoryAnswer));
  };
  return bus.subscribe(subjects.directory, answer, { queue: subjects.directoryQueue });
}
