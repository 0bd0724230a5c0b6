import { z } from 'zod';
import { type Scenario, scenarioShape } from '../scenario/schema.ts';
import { name, names, seconds } from '../scenario/words.ts';

/* A vector: a drill with expectations. README.md beside the vectors says how to read them. */

/** A cell of a table: a value, `*` for any, or two numbers for a range. */
const cell = z.union([z.string(), z.number(), z.boolean(), z.null(), z.tuple([z.number(), z.number()])]);
export type Cell = z.output<typeof cell>;

const between = z.tuple([seconds, seconds]).optional();

/** What is asked of the rows that a filter leaves. */
const table = {
  show: z.array(z.string()).min(1).optional().meta({ description: 'Columns, in this order.' }),
  are: z.array(z.array(cell)).optional().meta({ description: 'Exactly these rows.' }),
  include: z.array(z.array(cell)).optional().meta({ description: 'These rows among others, in this order.' }),
  last: z.array(cell).optional().meta({ description: 'The last row.' }),
  count: z
    .union([z.int().min(0), z.tuple([z.int(), z.int()])])
    .optional()
    .meta({ description: 'So many rows, or between two numbers.' }),
  each: z.array(cell).optional().meta({ description: 'Every row looks like this, and there is one.' }),
  same: z.array(z.string()).optional().meta({ description: 'Columns that are equal in all rows.' }),
  differ: z.array(z.string()).optional().meta({ description: 'Columns that are different in each row.' }),
  alike: z
    .tuple([z.string(), z.string()])
    .optional()
    .meta({ description: 'Two columns are equal wherever both stand; somewhere they do.' }),
  spread: seconds.optional().meta({ description: 'First and last row are at least so far apart, s.' }),
  busiest: z.int().min(1).optional().meta({ description: 'No second has more rows.' }),
};

export const expectations = {
  sent: z.strictObject({
    sent: name,
    to: name.optional(),
    line: name.optional(),
    between,
    first: z.boolean().optional().meta({ description: 'Without repetitions.' }),
    ...table,
  }),
  responses: z.strictObject({ responses: name, to: name.optional(), between, ...table }),
  decisions: z.strictObject({
    decisions: names,
    leg: z.enum(['primary', 'alternate']).optional(),
    line: name.optional(),
    action: names.optional(),
    rule: name.optional(),
    between,
    ...table,
  }),
  calls: z.strictObject({ calls: names, ...table }),
  legs: z.strictObject({ legs: seconds, line: name.optional(), ...table }),
  candidates: z.strictObject({ candidates: z.array(z.string()), line: name.optional(), at: seconds.optional() }),
  finding: z.strictObject({ finding: name, severity: z.string().optional(), seen: z.string().optional() }),
  status: z.strictObject({
    status: z.strictObject({
      mode: z.string().optional(),
      degraded: z.boolean().optional(),
      route: z.string().optional(),
      restartRequired: z.boolean().optional(),
    }),
    line: name.optional(),
  }),
} as const;

type Expectations = typeof expectations;
/** An expectation with the key that says what it looks at. */
export type Expectation = {
  readonly [K in keyof Expectations]: { readonly about: K } & Readonly<z.output<Expectations[K]>>;
}[keyof Expectations];
export type ExpectationOf<K extends Expectation['about']> = Extract<Expectation, { readonly about: K }>;
export type TableExpectation = Pick<ExpectationOf<'sent'>, keyof typeof table>;

const values = z.record(z.string(), z.unknown());
const body = {
  base: z.string().optional(),
  phone: values.optional(),
  line: values.optional(),
  lines: z.array(values).min(1).optional(),
  state: values.optional(),
  servers: scenarioShape.servers.removeDefault().optional(),
  zone: scenarioShape.zone.removeDefault().optional(),
  script: scenarioShape.script.removeDefault().optional(),
  until: scenarioShape.until,
  seed: scenarioShape.seed,
  seeds: z.int().min(1).max(1_000).optional().meta({ description: 'Played with so many seeds; all must hold.' }),
  expect: z.array(values).min(1).optional(),
};

const caseSchema = z.strictObject({ name: z.string(), ...body });
const vectorSchema = z.strictObject({
  id: z.string().regex(/^RED-\d+$/, 'RED-n'),
  title: z.string(),
  source: z.string(),
  reading: z.string().optional().meta({ description: 'How it is played where that is narrower than the reference.' }),
  ...body,
  cases: z.array(caseSchema).min(1).optional(),
});

export const vectorFileSchema = z.strictObject({
  section: z.string(),
  bases: z.record(z.string(), values).default({}),
  vectors: z.array(vectorSchema).min(1),
});

export type VectorBody = Omit<z.output<typeof caseSchema>, 'name'>;

/** One way a vector is played. */
export interface VectorCase {
  /** Empty for the only one. */
  readonly name: string;
  /** A configuration as `parseRuntimeConfig` takes it. */
  readonly configuration: Readonly<Record<string, unknown>>;
  readonly scenario: Scenario;
  readonly seeds: number;
  readonly expect: readonly Expectation[];
}

export interface Vector {
  readonly id: string;
  readonly section: string;
  readonly title: string;
  readonly source: string;
  readonly reading: string | undefined;
  readonly cases: readonly VectorCase[];
}
