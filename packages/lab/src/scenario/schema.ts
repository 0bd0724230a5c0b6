import type { DnsRecord } from '@offhook/plugin-dns-srv';
import { z } from 'zod';
import { name, names, record, seconds, status } from './words.ts';

/* The language of drills and vectors. What a key means stands in its description; docs/drills.md lists them. */

const at = { at: seconds };
/** Acts for so long, then everything is as before. */
const span = { for: seconds.optional() };
/** Parameters by the names of the YAML configuration; read and judged as those are. */
const parameters = z.record(z.string(), z.unknown()).default({});
const repeated = { every: seconds.optional(), times: z.int().min(1).optional() };

/** What a registrar does with REGISTER and calls when nothing is scripted. */
const settingsSchema = z.strictObject({
  grant: z.int().min(0).optional().meta({ description: 'Lifetime it grants, whatever was asked for, s.' }),
  minExpires: z.int().min(0).optional().meta({ description: 'Shorter wishes get 423 with this Min-Expires, s.' }),
  maxExpires: z.int().min(1).optional().meta({ description: 'Longest lifetime it grants, s.' }),
  expiresHeader: z.int().min(0).optional().meta({ description: 'Puts another lifetime into the Expires header, s.' }),
  challengesRegister: z.boolean().optional().meta({ description: 'Asks for a password at REGISTER (401).' }),
  challengesCalls: z.boolean().optional().meta({ description: 'Asks for a password at calls and messages (407).' }),
  recordsRoute: z.boolean().optional().meta({ description: 'Stays in the path of dialogs (Record-Route).' }),
});

const answerSchema = z.strictObject({
  status,
  after: seconds.optional().meta({ description: 'Since the request arrived, s.' }),
  retryAfter: z.int().min(0).optional(),
  reason: z.string().optional(),
  headers: z.record(z.string(), z.string()).optional(),
});

const which = { to: name.optional(), line: name.optional(), times: z.int().min(1).optional() };

/** One thing a server does; exactly one of these keys. */
export const serverActs = {
  is: z.strictObject({
    ...at,
    ...span,
    server: names,
    is: z.enum(['up', 'silent', 'refusing', 'unreachable', 'closing']),
  }),
  answers: z.strictObject({
    ...at,
    ...span,
    ...which,
    server: names,
    answers: z.union([status, z.array(answerSchema).min(1)], '100-699, or a list of { status, after }'),
    after: seconds.optional(),
    retryAfter: z.int().min(0).optional(),
    reason: z.string().optional(),
    headers: z.record(z.string(), z.string()).optional(),
  }),
  ignores: z.strictObject({ ...at, ...span, server: names, ignores: name, line: name.optional(), times: which.times }),
  forgets: z.strictObject({ ...at, ...repeated, server: names, forgets: z.enum(['bindings', 'nonces']) }),
  set: z.strictObject({ ...at, server: names, set: settingsSchema }),
} as const;

/** Steps by the key that names what happens. `server` has its own five. */
export const acts = {
  call: z.strictObject({ ...at, ...span, ...repeated, call: names, to: name.optional() }),
  hangUp: z.strictObject({ ...at, hangUp: names }),
  answer: z.strictObject({ ...at, answer: names }),
  callIn: z.strictObject({
    ...at,
    ...span,
    ...repeated,
    callIn: names,
    from: name.optional(),
    by: names.optional(),
    /** To the phone's own address: the server needs no registration to find it. */
    direct: z.boolean().optional(),
    /** Never, when left out: an `answer` step does it. */
    answeredAfter: seconds.optional(),
  }),
  message: z.strictObject({ ...at, ...repeated, message: names, to: name.optional() }),
  dns: z.strictObject({ ...at, dns: z.union([z.enum(['up', 'down']), z.array(record)], 'up, down, or a list of records') }),
  restart: z.strictObject({ ...at, restart: names }),
  set: z
    .strictObject({ ...at, set: parameters, phone: parameters, line: names.optional() })
    .refine(({ set, phone }) => Object.keys({ ...set, ...phone }).length > 0, { path: ['set'], message: 'one parameter or more' })
    .refine(({ line, set }) => line === undefined || Object.keys(set).length > 0, {
      path: ['line'],
      message: 'line beside set; parameters of the phone are those of all lines',
    }),
  powerCut: z.strictObject({ ...at, ...span, powerCut: z.literal(true) }),
  network: z.strictObject({
    ...at,
    ...span,
    network: z.strictObject({
      loss: z.number().min(0).max(1).optional(),
      delayMs: z.number().min(0).optional(),
      jitterMs: z.number().min(0).optional(),
      duplicates: z.number().min(0).max(1).optional(),
    }),
    of: names.optional(),
  }),
} as const;

const serverSchema = z.union([name, z.strictObject({ at: name, ...settingsSchema.shape })]);

/** What drills and vectors have in common. Steps are read one by one. */
export const scenarioShape = {
  servers: z.record(z.string(), serverSchema).default({}),
  /** Records of the name server, as in a zone file: `sip.example.net 60 A 10.0.0.1`. */
  zone: z.array(record).default([]),
  script: z.array(z.record(z.string(), z.unknown())).default([]),
  until: seconds.optional(),
  seed: z.union([z.int(), z.string()]).optional(),
};

export const drillSchema = z.strictObject({
  title: z.string().optional(),
  about: z.string().optional(),
  configuration: z.union([z.string(), z.record(z.string(), z.unknown())], 'a path, or a configuration').optional(),
  lines: z.int().min(1).max(100_000).optional(),
  ...scenarioShape,
});

export type ServerSettings = z.output<typeof settingsSchema>;
export type ServerEntry = z.output<typeof serverSchema>;
type Acts = typeof acts & { readonly [K in keyof typeof serverActs as `server.${K}`]: (typeof serverActs)[K] };
/** A step with its verb (`server.is`, `call`, `powerCut`, …) and its place in the script. */
export type Step = {
  readonly [K in keyof Acts]: { readonly verb: K; readonly index: number } & Readonly<z.output<Acts[K]>>;
}[keyof Acts];
export type StepOf<K extends Step['verb']> = Extract<Step, { readonly verb: K }>;

/** A script that can be played, with or without expectations. */
export interface Scenario {
  /** Named servers, in the order they were named; empty: named after the configuration. */
  readonly servers: Readonly<Record<string, ServerEntry>>;
  readonly zone: readonly DnsRecord[];
  readonly steps: readonly Step[];
  /** When it ends, s. */
  readonly untilS: number;
  readonly seed: string | number;
}
