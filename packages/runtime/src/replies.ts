import { type BusMessage, type CommandReply, ConfigError, encodeJson, PhoneError } from '@offhook/core';

/** What a command that threw is answered. @throws what is no PhoneError: a mistake of ours is nobody's answer */
export function refusalOf(error: unknown): CommandReply {
  if (!(error instanceof PhoneError)) throw error;
  const { code, message } = error;
  return { ok: false, code, message, ...(error instanceof ConfigError && { findings: error.findings }) };
}

/** Answers a command; an answer the bus refuses (too large) becomes a refusal that says so. */
export function reply(message: BusMessage, answer: CommandReply): void {
  try {
    message.respond(encodeJson(answer));
  } catch (error) {
    message.respond(encodeJson(refusalOf(error)));
  }
}
