import {
  type Bus,
  type BusMessage,
  type DirectoryAnswer,
  type DirectoryQuery,
  encodeJson,
  type LineKey,
  type Subjects,
  type Subscription,
} from '@offhook/core';
import { readCommand, readObject, reply } from './replies.ts';

/** What is asked over the bus of a process, not of one of its lines. */

/** Each answers with a value, or throws a PhoneError that its caller is to see. */
export type Commands = Readonly<Record<string, (args: Readonly<Record<string, unknown>>) => unknown>>;

/** Answers commands by their names; an unknown one is told which there are. `who` as a sentence begins: "A runtime". */
export function serveCommands(bus: Bus, subject: string, who: string, commands: Commands): Subscription {
  return bus.subscribe(subject, (message) => {
    const asked = readCommand(message);
    const command = asked === undefined ? undefined : commands[asked.command];
    if (asked !== undefined && command !== undefined) return reply(message, { ok: true, value: command(asked.args) });
    const seen = asked === undefined ? 'This is no command' : `${who} has no command "${asked.command}"`;
    const known = Object.keys(commands).join(', ');
    reply(message, { ok: false, code: 'E_COMMAND_INVALID', message: `${seen}. Known: ${known}.` });
  });
}

/** Which lines serve a user: the edge chooses among them. Of several who could tell one is asked. */
export function serveDirectory(bus: Bus, subjects: Subjects, linesOf: (user: string) => readonly LineKey[]): Subscription {
  const answer = (message: BusMessage): void => {
    const { user = '' } = readObject<DirectoryQuery>(message) ?? {};
    message.respond(encodeJson({ keys: user === '' ? [] : linesOf(user) } satisfies DirectoryAnswer));
  };
  return bus.subscribe(subjects.directory, answer, { queue: subjects.directoryQueue });
}
