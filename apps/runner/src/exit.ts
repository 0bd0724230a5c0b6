import { ConfigError, PhoneError, PluginError, TransportError } from '@offhook/core';

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

/** Code of a failure that ended a command. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof ConfigError) return exit.usage;
  if (error instanceof PluginError || error instanceof TransportError) return exit.couldNotStart;
  if (!(error instanceof PhoneError)) return exit.couldNotStart;
  if (error.code === 'E_CONTROL_UNREACHABLE' || error.code === 'E_BUS_CONNECT') return exit.couldNotStart;
  return error.code === 'E_LINE_UNKNOWN' || error.code === 'E_COMMAND_INVALID' ? exit.usage : exit.missed;
}
