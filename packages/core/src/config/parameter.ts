import { z } from 'zod';
import { isControl } from './finding.ts';

/**
 * What must happen before a changed value counts.
 * @source redundancy reference section 3 (Apply), D-28
 */
export type Apply = 'restart' | 'line' | 'transaction' | 'immediate';

export type ParameterKind = 'yes-no' | 'integer' | 'decimal' | 'choice' | 'text' | 'secret' | 'list';

/** Everything the configuration, its readers and its documentation know of a parameter beside its zod type. */
export interface ParameterMeta {
  /** Label on the phone's own web page. */
  readonly label: string;
  /** Element name of a flat profile, without the line number. */
  readonly xml: string;
  readonly kind: ParameterKind;
  /** Where the phone's web page shows it. */
  readonly section: string;
  /** What is accepted, readable. */
  readonly range: string;
  readonly unit: string;
  readonly apply: Apply;
  readonly about: string;
}

/** Element name of a web label. @source redundancy reference section 3 (PROV p. 19) */
export function xmlName(label: string): string {
  return label.replaceAll(/[ [\]()/]/g, '_');
}

interface More {
  readonly unit?: string;
  /** Where the documented range is narrower than what a reader can repair. */
  readonly range?: string;
  readonly xml?: string;
}

interface Bounds extends More {
  readonly min?: number;
  readonly max?: number;
}

const noControl = (text: string): boolean => ![...text].some((char) => isControl(char.charCodeAt(0)));
const largest = 2_147_483_647;

/** Builders of one section's parameters; each returns a zod schema that carries its `ParameterMeta`. */
export function parametersOf(section: string) {
  const meta = (label: string, kind: ParameterKind, range: string, apply: Apply, about: string, more: More) => {
    const offhook: ParameterMeta = {
      label,
      xml: more.xml ?? xmlName(label),
      kind,
      section,
      range: more.range ?? range,
      unit: more.unit ?? '',
      apply,
      about,
    };
    return { title: label, description: about, offhook };
  };
  const text = (label: string, initial: string, apply: Apply, about: string, more: More & { readonly secret?: true } = {}) =>
    z
      .string()
      .refine(noControl, 'control characters')
      .default(initial)
      .meta(meta(label, more.secret ? 'secret' : 'text', 'text without control characters', apply, about, more));
  const yesNo = (label: string, initial: boolean, apply: Apply, about: string) =>
    z
      .boolean()
      .default(initial)
      .meta(meta(label, 'yes-no', 'Yes or No', apply, about, {}));
  const numeric = (kind: 'integer' | 'decimal', label: string, initial: number, apply: Apply, about: string, bounds: Bounds) => {
    const { min = 0, max = largest } = bounds;
    const bounded = z.number().min(min).max(max);
    const type = kind === 'integer' ? bounded.int() : bounded;
    return type.default(initial).meta(meta(label, kind, `${min}-${max}`, apply, about, bounds));
  };
  const integer = (label: string, initial: number, apply: Apply, about: string, bounds: Bounds = {}) =>
    numeric('integer', label, initial, apply, about, bounds);
  const decimal = (label: string, initial: number, apply: Apply, about: string, bounds: Bounds = {}) =>
    numeric('decimal', label, initial, apply, about, bounds);
  const choice = <const T extends readonly [string, ...string[]]>(
    label: string,
    values: T,
    initial: T[number],
    apply: Apply,
    about: string,
  ) => {
    const type = z.enum(values);
    return type.default(initial as z.output<typeof type>).meta(meta(label, 'choice', values.join(', '), apply, about, {}));
  };
  const list = <const T extends readonly [string, ...string[]]>(
    label: string,
    values: T,
    initial: readonly T[number][],
    apply: Apply,
    about: string,
    more: More = {},
  ) => {
    const type = z.array(z.enum(values)).min(1).readonly();
    const range = `one or more of ${values.join(', ')}`;
    return type.default(initial as z.output<typeof type>).meta(meta(label, 'list', range, apply, about, more));
  };
  return { text, yesNo, integer, decimal, choice, list };
}
