import { CommandError, type Preset } from '@offhook/core';
import { InvalidArgumentError } from 'commander';

/* Values of options. Each is refused with what was seen and what is allowed. */

/** Levels of `--log-level`, most talkative first. */
export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

const longestCallS = 86_400;

/** Seconds, with a fraction if need be. */
export function parseDuration(text: string): number {
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (seconds > 0 && seconds <= longestCallS) return seconds;
  throw new InvalidArgumentError(`A number of seconds is needed, above 0 and at most ${longestCallS}.`);
}

/** The name of a cluster or of a member: a part of file names and bus subjects. */
export function parseName(text: string): string {
  if (/^[A-Za-z0-9_-]{1,63}$/.test(text)) return text;
  throw new InvalidArgumentError('A name of letters, digits, - and _ is needed, at most 63.');
}

/** The text may hold a password: it is not repeated, as commander would. @throws CommandError `E_COMMAND_INVALID` */
export function parseBusUrl(text: string): string {
  if (/^(?:(?:nats|tls):\/\/[^\s/,]+\/?(?:,(?!$)|$))+$/.test(text)) return text;
  throw new CommandError('E_COMMAND_INVALID', '--bus does not take this value; a URL such as nats://host:4222 is needed.');
}

export function parsePath(text: string): string {
  if (text !== '' && !text.includes('\0')) return text;
  throw new InvalidArgumentError('A path is needed.');
}

/** `seed` or `mpp-11.3`, or both with a comma between. */
export function parsePresets(text: string): readonly Preset[] {
  const names = text.split(',').map((name) => name.trim());
  const known = names.filter((name): name is Preset => name === 'seed' || name === 'mpp-11.3');
  if (known.length === names.length && new Set(names).size === names.length) return known;
  throw new InvalidArgumentError('seed, mpp-11.3, or both as seed,mpp-11.3 are needed.');
}

const mostLines = 100_000;

export function parseLines(text: string): number {
  const count = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= mostLines) return count;
  throw new InvalidArgumentError(`A number of lines is needed, 1 to ${mostLines}.`);
}
