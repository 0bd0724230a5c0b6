import type { Parameter } from './catalogue.ts';

/** Where a secret is kept; resolved by whoever may read it. */
export type SecretReference = { readonly env: string } | { readonly file: string };

/** The value, typed; or undefined when it is not acceptable. */
export interface ValueReading {
  readonly value: unknown;
}

const yes = /^(yes|true)$/i;
const no = /^(no|false)$/i;
const decimalNumber = /^-?\d+(\.\d+)?$/;

/** Numbers, booleans and lists may be written as text, as they are in a profile; text may be written as a plain number. */
function fromWritten(parameter: Parameter, written: unknown): unknown {
  const text = typeof written === 'string' ? written.trim() : undefined;
  switch (parameter.kind) {
    case 'yes-no':
      return text === undefined ? written : yes.test(text) ? true : no.test(text) ? false : undefined;
    case 'integer':
    case 'decimal':
      return text === undefined ? written : decimalNumber.test(text) ? Number(text) : undefined;
    case 'choice':
      return text === undefined
        ? written
        : (parameter.range.split(', ').find((value) => value.toLowerCase() === text.toLowerCase()) ?? text);
    case 'list':
      return text === undefined ? written : text.split(',').map((item) => item.trim());
    case 'text':
    case 'secret':
      return typeof written === 'number' && Number.isFinite(written) ? String(written) : written;
  }
}

/** Reads a parameter's value from YAML, XML or code. Undefined when the schema refuses it. */
export function readValue(parameter: Parameter, written: unknown): ValueReading | undefined {
  const result = parameter.schema.safeParse(fromWritten(parameter, written));
  return result.success ? { value: result.data } : undefined;
}

/** `{ env: NAME }` or `{ file: path }`, nothing else beside it. */
export function readSecretReference(written: unknown): SecretReference | undefined {
  if (!isRecord(written)) return undefined;
  const [entry, ...others] = Object.entries(written);
  if (entry === undefined || others.length > 0) return undefined;
  const [key, value] = entry;
  if (typeof value !== 'string' || value === '') return undefined;
  return key === 'env' ? { env: value } : key === 'file' ? { file: value } : undefined;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
