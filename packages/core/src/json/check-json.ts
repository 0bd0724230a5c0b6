import { z } from 'zod';
import { decodeJson } from '../bus/envelope.ts';
import { formatPath, showValue } from '../config/finding.ts';
import { valueAt } from '../config/schema-notes.ts';
import { didYouMean } from '../config/suggest.ts';
import { CommandError } from '../errors.ts';
import { commandEnvelopeSchema } from './envelope-schemas.ts';

/* JSON that another process has written: nothing in it is taken for granted. */

export type Checked<T> = { readonly value: T } | { readonly faults: string };

function sentences(issue: z.core.$ZodIssue, schema: z.ZodType, input: unknown, what: string): readonly string[] {
  if (issue.code === 'unrecognized_keys') {
    const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];
    return issue.keys.map((key) => {
      const meant = didYouMean(key, known);
      return `${what}${showValue(`"${key}"`)} is not known${meant === undefined ? '' : `, did you mean "${meant}"?`}; allowed: ${known.join(', ') || 'none'}.`;
    });
  }
  const seen = showValue(valueAt(input, issue.path));
  const place = issue.path.length === 0 ? 'It' : `${what}"${formatPath(issue.path as (string | number)[])}"`;
  return [`${place} is ${seen}; ${issue.message} is needed.`];
}

/** `what` stands before each name: `Argument `. */
function check<T>(schema: z.ZodType<T>, input: unknown, what = ''): Checked<T> {
  const { data, error } = schema.safeParse(input);
  if (error === undefined) return { value: data };
  return { faults: error.issues.flatMap((issue) => sentences(issue, schema, input, what)).join(' ') };
}

/** What a payload holds, or every fault of it: what was seen and what is allowed. */
export function checkJson<T>(schema: z.ZodType<T>, payload: Uint8Array): Checked<T> {
  let input: unknown;
  try {
    input = decodeJson(payload);
  } catch {
    return { faults: 'It is no JSON.' };
  }
  return check(schema, input);
}

/** Commands by their names, with the arguments each takes. */
export type CommandArguments = Readonly<Record<string, z.ZodType>>;

/** One of them with its arguments. */
export type AskedCommand<Known extends CommandArguments> = {
  [Name in keyof Known & string]: { readonly command: Name; readonly args: z.output<Known[Name]> };
}[keyof Known & string];

const refuse = (message: string): never => {
  throw new CommandError('E_COMMAND_INVALID', message);
};

/**
 * The command that a payload asks for, with arguments that are as they have to be.
 * @param who as a sentence begins: `A line`
 * @throws CommandError `E_COMMAND_INVALID` what was seen, and what is known
 */
export function readCommand<Known extends CommandArguments>(who: string, known: Known, payload: Uint8Array): AskedCommand<Known> {
  const names = Object.keys(known).join(', ');
  const asked = checkJson(commandEnvelopeSchema, payload);
  if ('faults' in asked) return refuse(`This is no command. ${asked.faults} Known: ${names}.`);
  const { command, args } = asked.value;
  const schema = Object.hasOwn(known, command) ? known[command] : undefined;
  if (schema === undefined) return refuse(`${who} has no command "${command}". Known: ${names}.`);
  const taken = check(schema, args, 'Argument ');
  if ('faults' in taken) return refuse(taken.faults);
  return { command, args: taken.value } as AskedCommand<Known>;
}
