import type { z } from 'zod';
import { extSchema } from './ext-schema.ts';
import type { Apply, ParameterMeta } from './parameter.ts';
import { phoneSchema } from './phone-schema.ts';

/** A parameter as readers and documentation see it; all of it comes from the schema. */
export interface Parameter extends ParameterMeta {
  /** Key in YAML and in `ExtConfig` or `PhoneConfig`. */
  readonly key: string;
  readonly scope: 'ext' | 'phone';
  /** Factory default of preset `seed`. */
  readonly initial: unknown;
  /** Accepts a value of the right type; without a default. */
  readonly schema: z.ZodType;
}

function read(scope: Parameter['scope'], shape: Readonly<Record<string, z.ZodDefault>>): readonly Parameter[] {
  return Object.entries(shape).map(([key, schema]) => ({
    ...(schema.meta()?.offhook as ParameterMeta),
    key,
    scope,
    initial: schema.parse(undefined),
    schema: schema.unwrap() as z.ZodType,
  }));
}

/** Every parameter of a line, then every parameter of a phone, in the order of the phone's own pages. */
export const extParameters: readonly Parameter[] = read('ext', extSchema.shape);
export const phoneParameters: readonly Parameter[] = read('phone', phoneSchema.shape);

const byKey = {
  ext: new Map(extParameters.map((parameter) => [parameter.key, parameter])),
  phone: new Map(phoneParameters.map((parameter) => [parameter.key, parameter])),
};
const byXml = {
  ext: new Map(extParameters.map((parameter) => [parameter.xml, parameter])),
  phone: new Map(phoneParameters.map((parameter) => [parameter.xml, parameter])),
};

export function parameterByKey(scope: Parameter['scope'], key: string): Parameter | undefined {
  return byKey[scope].get(key);
}

export function applyOf(scope: Parameter['scope'], key: string): Apply {
  return byKey[scope].get(key)?.apply ?? 'restart';
}

/** A flat-profile element name: which parameter, and of which Ext. */
export interface ElementName {
  readonly parameter: Parameter;
  /** Ext number, from 1; undefined for a parameter of the phone. */
  readonly ext: number | undefined;
}

const perLine = /^(.+)_([1-9]\d{0,2})_?$/;

/**
 * Reads an element name, case-sensitively. `Proxy_1` (adapters) is the same as `Proxy_1_`.
 * @source redundancy reference section 3 (PROV p. 19), RED-132, RED-133
 */
export function parameterByElement(name: string): ElementName | undefined {
  const shared = byXml.phone.get(name);
  if (shared !== undefined) return { parameter: shared, ext: undefined };
  const [, base = '', ext] = perLine.exec(name) ?? [];
  const own = byXml.ext.get(base);
  return own === undefined ? undefined : { parameter: own, ext: Number(ext) };
}

/** Element name of a parameter, as we write it. */
export function elementOf(parameter: Parameter, ext?: number): string {
  return parameter.scope === 'phone' ? parameter.xml : `${parameter.xml}_${ext ?? 'n'}_`;
}
