import { type BusMessage, type CommandEnvelope, type CommandReply, decodeJson, encodeJson, PhoneError } from '@offhook/core';

/** Questions and commands come over the bus, perhaps from another process: nothing in them is taken for granted. */

/** The object a payload holds; undefined when it holds none. */
export function readObject<T extends object>(message: BusMessage): Partial<T> | undefined {
  try {
    const value = decodeJson<unknown>(message.payload);
    return typeof value === 'object' && value !== null ? (value as Partial<T>) : undefined;
  } catch {
    return undefined;
  }
}

/** A command with its arguments; undefined when the payload is none. */
export function readCommand(message: BusMessage): CommandEnvelope | undefined {
  const { command, args = {} } = readObject<CommandEnvelope>(message) ?? {};
  return typeof command === 'string' && typeof args === 'object' && args !== null ? { command, args } : undefined;
}

/** Answers a command; an answer the bus refuses (too large) becomes a refusal that says so. */
export function reply(message: BusMessage, answer: CommandReply): void {
  try {
    message.respond(encodeJson(answer));
  } catch (error) {
    if (!(error instanceof PhoneError)) throw error;
    message.respond(encodeJson({ ok: false, code: error.code, message: error.message } satisfies CommandReply));
  }
}
