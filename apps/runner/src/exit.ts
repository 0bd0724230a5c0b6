import { ConfigError, type ErrorCode, PhoneError } from '@offhook/core';

/** Exit codes of every command. */
export const exit = {
  done: 0,
  /** A stated goal was missed: a call refused, a line not registered. */
  missed: 1,
  /** Bad configuration or usage. */
  usage: 2,
  couldNotStart: 3,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exit)[keyof typeof exit];

const usage: readonly ErrorCode[] = ['E_LINE_UNKNOWN', 'E_COMMAND_INVALID'];
const missed: readonly ErrorCode[] = ['E_CALL_UNKNOWN', 'E_BUS_TIMEOUT', 'E_BUS_NO_RESPONDERS'];

/** Code of a failure that ended a command. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof ConfigError) return exit.usage;
  if (!(error instanceof PhoneError)) return exit.couldNotStart;
  if (usage.includes(error.code)) return exit.usage;
  return missed.includes(error.code) ? exit.missed : exit.couldNotStart;
}
