import { extParameters, type Parameter, parameterByKey, phoneParameters } from './catalogue.ts';
import { type ConfigPath, showValue } from './finding.ts';
import type { Notes } from './notes.ts';
import { readSecretReference, readValue, type SecretReference } from './read-value.ts';
import { didYouMean } from './suggest.ts';

/** The parameters that one mapping of the configuration gives, typed. */
export interface SectionValues {
  readonly values: Readonly<Record<string, unknown>>;
  /** Where the password is kept, when it is not written out. */
  readonly secret: SecretReference | undefined;
}

const written: Readonly<Record<Parameter['scope'], readonly Parameter[]>> = { ext: extParameters, phone: phoneParameters };

/** What may stand at a place of the configuration, for a key that may not. */
export function refuseKey(path: ConfigPath, key: string, known: readonly string[], notes: Notes): void {
  const meant = didYouMean(key, known);
  notes.refuse([...path, key], {
    code: 'key.unknown',
    seen: showValue(key),
    allowed: known.length > 12 ? 'a key of the parameter reference' : known.join(', '),
    message: 'This key is not known here.',
    remedy: meant === undefined ? 'Remove it, or see docs/configuration.md.' : `Did you mean ${meant}?`,
  });
}

function refuseKeyOfScope(
  scope: Parameter['scope'],
  path: ConfigPath,
  key: string,
  extra: readonly string[],
  notes: Notes,
): void {
  const other = scope === 'ext' ? 'phone' : 'ext';
  const keys = written[scope].map((parameter) => parameter.key);
  if (parameterByKey(other, key) === undefined) return refuseKey(path, key, [...keys, ...extra], notes);
  const [here, there] = scope === 'ext' ? ['a line', 'phone'] : ['the phone', 'a line or a template'];
  const note = {
    seen: key,
    allowed: `a parameter of ${here}`,
    message: `This parameter does not belong to ${here}.`,
    remedy: `Move it to ${there}.`,
  };
  notes.refuse([...path, key], { code: 'key.unknown', ...note });
}

/**
 * Reads phone, a template or a line's own values. Every fault is noted; `extra` are keys that the caller reads itself.
 */
export function readSection(
  scope: Parameter['scope'],
  section: Readonly<Record<string, unknown>>,
  path: ConfigPath,
  extra: readonly string[],
  notes: Notes,
): SectionValues {
  const values: Record<string, unknown> = {};
  let secret: SecretReference | undefined;
  for (const [key, raw] of Object.entries(section)) {
    const parameter = parameterByKey(scope, key);
    if (parameter === undefined) {
      if (!extra.includes(key)) refuseKeyOfScope(scope, path, key, extra, notes);
      continue;
    }
    if (raw === undefined) continue;
    const reference = parameter.kind === 'secret' ? readSecretReference(raw) : undefined;
    const reading = reference === undefined ? readValue(parameter, raw) : undefined;
    if (reference !== undefined) secret = reference;
    else if (reading !== undefined) values[key] = reading.value;
    else notes.refuse([...path, key], invalidValue(parameter, raw));
  }
  return { values, secret };
}

/** A value that a parameter does not accept; a secret is not repeated. */
export function invalidValue(parameter: Parameter, raw: unknown) {
  const choices = parameter.kind === 'choice' && typeof raw === 'string' ? parameter.range.split(', ') : [];
  const meant = choices.length === 0 ? undefined : didYouMean(String(raw), choices);
  const unit = parameter.unit === '' ? '' : ` ${parameter.unit}`;
  return {
    code: 'value.invalid',
    seen: parameter.kind === 'secret' ? 'something else' : showValue(raw),
    allowed: `${parameter.range}${unit}`,
    message: `${parameter.label} does not take this value.`,
    remedy: meant === undefined ? 'Correct the value.' : `Did you mean ${meant}?`,
  } as const;
}
