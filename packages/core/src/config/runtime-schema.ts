import { z } from 'zod';
import { type BusConfig, busSchema } from './bus.ts';
import { extParameters, type Parameter, phoneParameters } from './catalogue.ts';
import { dnsSchema } from './dns.ts';
import { type LimitsConfig, limitsSchema, strangersSchema, trustedSchema } from './edge-limits.ts';
import { type EdgeTls, tlsSchema } from './edge-tls.ts';
import type { ExtConfig, LineConfig, PhoneConfig } from './line.ts';
import { type TakeoverConfig, takeoverSchema } from './takeover.ts';

/**
 * The shape of a runtime's configuration: what the YAML file holds and `createRuntime` takes.
 * @source architecture section 9
 */
const subjectToken = z.string().regex(/^[A-Za-z0-9_-]{1,63}$/, 'letters, digits, - and _, at most 63');
const someText = z.string().min(1, 'text');

const listenSchema = z.strictObject({
  protocol: z.enum(['udp', 'tcp', 'tls']).meta({ description: 'Transport to serve.' }),
  host: someText.meta({ description: 'Local address, 0.0.0.0 or ::.' }),
  port: z.int().min(0).max(65_535).meta({ description: 'Local port; 0: chosen by the system.' }),
  plugin: someText
    .optional()
    .meta({ description: 'Name of the transport plugin that serves it. Without it: the built-in transport of the protocol.' }),
});

const edgeSchema = z.strictObject({
  name: subjectToken.default('edge').meta({ description: 'Name of the edge in the cluster; part of bus subjects.' }),
  listen: z
    .array(listenSchema)
    .min(1)
    .optional()
    .meta({ description: 'Local addresses. Without it: what SIP Port and SIP Transport of the lines ask for.' }),
  tls: tlsSchema
    .optional()
    .meta({ description: 'Certificates of TLS. Without it TLS lines connect to servers, and nobody connects to us.' }),
  strangers: strangersSchema,
  trusted: trustedSchema,
  limits: limitsSchema.prefault({}).meta({ description: 'What the network may ask of this edge.' }),
});

const settings = {
  cluster: subjectToken.default('local').meta({ description: 'Name of the cluster; first token of every bus subject.' }),
  edge: edgeSchema.prefault({}).meta({ description: 'The edge of this runtime: it owns the sockets.' }),
  bus: busSchema.prefault({}),
  dns: dnsSchema.prefault({}),
  takeover: takeoverSchema,
  control: z
    .strictObject({
      socket: someText.optional().meta({ description: 'Path of the local control socket of the offhook command.' }),
    })
    .prefault({}),
  state: z
    .strictObject({
      folder: someText.optional().meta({
        description: 'Folder where registrations survive a power cut; --state wins. Without it nothing is written.',
      }),
    })
    .prefault({}),
  plugins: z.array(someText).default([]).meta({
    description: 'Plugins: paths (./, ../, /) from the folder of this file, or packages installed there. See docs/plugins.md.',
  }),
  strict: z
    .boolean()
    .default(false)
    .meta({ description: 'Refuse to start where a value would be repaired or a mechanism refused.' }),
};

/** Only the frame: what stands inside phone, templates and lines is read parameter by parameter. */
export const frameSchema = z.strictObject({
  ...settings,
  phone: z.record(z.string(), z.unknown()).default({}),
  templates: z.record(z.string(), z.record(z.string(), z.unknown())).default({}),
  lines: z.array(z.record(z.string(), z.unknown())).default([]),
});

export type Frame = z.output<typeof frameSchema>;

export interface EdgeListen {
  readonly protocol: 'udp' | 'tcp' | 'tls';
  readonly host: string;
  /** 0: chosen by the system. */
  readonly port: number;
  /** Name of the transport plugin that serves it; the built-in transport when left out. */
  readonly plugin?: string;
  /** It only opens connections, nobody can connect to it. */
  readonly connectOnly?: boolean;
}

export interface EdgeConfig {
  readonly name: string;
  readonly listen: readonly EdgeListen[];
  readonly tls?: EdgeTls;
  /** Default `drop`. */
  readonly strangers?: 'drop' | 'accept';
  /** IP addresses and networks. */
  readonly trusted?: readonly string[];
  readonly limits?: Partial<LimitsConfig>;
}

export interface RuntimeConfig {
  readonly cluster: string;
  readonly edge: EdgeConfig;
  readonly bus: BusConfig;
  readonly dns?: { readonly servers?: readonly string[] };
  /** Of a line host or an edge in a cluster. */
  readonly takeover?: TakeoverConfig;
  readonly control?: { readonly socket?: string };
  readonly state?: { readonly folder?: string };
  readonly plugins: readonly string[];
  /** Refuse to start where a value would be repaired or a mechanism refused. */
  readonly strict: boolean;
  /** Shared by every line. */
  readonly phone: PhoneConfig;
  /** Repaired; each carries its findings. */
  readonly lines: readonly LineConfig[];
}

/** What `parseRuntimeConfig` accepts, typed: the YAML file as an object. Values may also be written as in a profile. */
export interface RuntimeInput extends Partial<Omit<Frame, 'edge' | 'phone' | 'templates' | 'lines'>> {
  readonly edge?: Partial<Omit<Frame['edge'], 'limits'>> & { readonly limits?: Partial<LimitsConfig> };
  readonly phone?: Partial<PhoneConfig>;
  readonly templates?: Readonly<Record<string, LineValues>>;
  readonly lines?: readonly LineInput[];
}

type SecretInput = string | { readonly env: string } | { readonly file: string };
type LineValues = Partial<Omit<ExtConfig, 'password'>> & { readonly password?: SecretInput };

/** One line, or a range of them (`from`, `count`); `{n}` in texts stands for the number within the range. */
export interface LineInput extends LineValues {
  readonly id?: string;
  readonly template?: string;
  readonly from?: number;
  readonly count?: number;
}

const lineKeys = {
  id: z.string().optional().meta({ description: 'Unique name of the line; User ID when left out, {n} in a range.' }),
  template: z.string().optional().meta({ description: 'Template whose values this line starts from.' }),
  from: z.int().min(0).optional().meta({ description: 'First number of a range of lines.' }),
  count: z.int().min(1).optional().meta({ description: 'How many lines the range has.' }),
};

export const lineEntryKeys: readonly string[] = Object.keys(lineKeys);
export const rangeLimit = 1_000_000;

/** A parameter as an editor should offer it: every value may be left out, and text may be written as a number. */
function editorSchema(parameter: Parameter): z.ZodType {
  const { label, about, unit, range, apply, initial, schema, kind } = parameter;
  const notes = [about, range, unit === '' ? '' : `Unit: ${unit}.`, `Takes effect: ${apply}.`].filter((note) => note !== '');
  const types: Readonly<Record<Parameter['kind'], z.ZodType>> = {
    'yes-no': z.union([z.boolean(), z.enum(['Yes', 'No'])]),
    text: z.union([z.string(), z.number()]),
    secret: z.union([z.string(), z.number(), z.strictObject({ env: z.string() }), z.strictObject({ file: z.string() })]),
    integer: schema,
    decimal: schema,
    choice: schema,
    list: schema,
  };
  return types[kind].optional().meta({ title: label, description: notes.join(' '), default: initial });
}

const editorShape = (parameters: readonly Parameter[]) =>
  Object.fromEntries(parameters.map((parameter) => [parameter.key, editorSchema(parameter)]));

/** JSON Schema (2020-12) of the YAML file, for editors. */
export function runtimeJsonSchema(): Readonly<Record<string, unknown>> {
  const values = editorShape(extParameters);
  const document = z.strictObject({
    ...settings,
    phone: z.strictObject(editorShape(phoneParameters)).optional().meta({ description: 'Values that all lines share.' }),
    templates: z.record(z.string(), z.strictObject(values)).optional().meta({ description: 'Named sets of line values.' }),
    lines: z
      .array(z.strictObject({ ...lineKeys, ...values }))
      .optional()
      .meta({ description: 'Lines and ranges of lines.' }),
  });
  return { title: 'Offhook configuration', ...z.toJSONSchema(document, { io: 'input' }) };
}
