import {
  type Bus,
  type BusMessage,
  type CommandArguments,
  type CommandReply,
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

/** What became of a command: how long it took, ms, and the code of its refusal if it was refused. */
export type NoteCommand = (command: string, ms: number, refusal?: string) => void;

/** Whoever counts commands: how long each took is asked of a clock. */
export interface CommandCount {
  readonly now: () => number;
  readonly note: NoteCommand;
}

/** The arguments that each command of a runtime takes. */
export const runtimeCommands = {
  lines: z.strictObject({}).describe('The status of every line of this process.'),
  counters: z.strictObject({}).describe('What became of the messages that reached its lines.'),
} as const;

const anything = z.record(z.string(), z.unknown());

/**
 * Answers commands by their names; an unknown one is told which there are. `who` as a sentence begins: "A runtime".
 * @param takes what arguments a command takes; one that is not named looks at its arguments by itself
 * @param count is told of each command that there is
 */
export function serveCommands(
  bus: Bus,
  subject: string,
  who: string,
  commands: Commands,
  takes: CommandArguments = {},
  count?: CommandCount,
): Subscription {
  const known = Object.fromEntries(Object.keys(commands).map((name) => [name, takes[name] ?? anything]));
  function carryOut(command: string, args: unknown): CommandReply {
    try {
      return { ok: true, value: commands[command]?.(args as Readonly<Record<string, unknown>>) };
    } catch (error) {
      return refusalOf(error);
    }
  }
  return bus.subscribe(subject, (message) => {
    const startMs = count?.now() ?? 0;
    try {
      const { command, args } = readCommand(who, known, message.payload);
      const answer = carryOut(command, args);
      reply(message, answer);
      count?.note(command, count.now() - startMs, answer.ok ? undefined : answer.code);
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
