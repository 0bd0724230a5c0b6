import { type ConfigPath, createNotes, type Finding, type Notes, noteIssues, showValue } from '@offhook/core';
import { readYamlText } from '@offhook/provisioning';
import type { z } from 'zod';
import { readSteps, scenarioOf } from '../scenario/read-steps.ts';
import { scenarioShape } from '../scenario/schema.ts';
import { type Expectation, expectations, type Vector, type VectorBody, type VectorCase, vectorFileSchema } from './schema.ts';

export interface VectorReading {
  readonly vectors: readonly Vector[];
  readonly findings: readonly Finding[];
}

type Raw = Readonly<Record<string, unknown>>;
type VectorFile = z.output<typeof vectorFileSchema>;

const kinds = Object.keys(expectations);

function readExpectations(raw: readonly Raw[], at: ConfigPath, notes: Notes): readonly Expectation[] {
  return raw.flatMap((each, i): readonly Expectation[] => {
    const path = [...at, i];
    const about = kinds.find((kind) => Object.hasOwn(each, kind)) as keyof typeof expectations | undefined;
    if (about === undefined) {
      notes.refuse(path, {
        code: 'value.invalid',
        seen: showValue(Object.keys(each).join(', ')),
        allowed: `one of ${kinds.join(', ')}`,
        message: 'This expectation does not say what it looks at.',
        remedy: 'Add one of these keys.',
      });
      return [];
    }
    const schema: z.ZodType = expectations[about];
    const parsed = schema.safeParse(each);
    if (parsed.success) return [{ about, ...(parsed.data as object) } as Expectation];
    noteIssues(parsed.error, schema, each, notes, path);
    return [];
  });
}

const isRecord = (value: unknown): value is Raw => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A base may say what its servers do beside what it configures. */
function serversOf(base: Raw | undefined): VectorCase['scenario']['servers'] {
  const parsed = scenarioShape.servers.safeParse(base?.servers);
  return parsed.success ? parsed.data : {};
}

/** The base with what the vector and its case say over it. */
function configurationOf(bases: VectorFile['bases'], { base, phone, line, lines, state }: VectorBody): Raw {
  const { servers: _, ...from } = bases[base ?? ''] ?? {};
  const own = lines ?? (Array.isArray(from.lines) ? (from.lines as readonly Raw[]) : []);
  return {
    ...from,
    ...(state === undefined ? {} : { state }),
    phone: { ...(isRecord(from.phone) ? from.phone : {}), ...phone },
    lines: own.map((each) => ({ ...each, ...line })),
  };
}

function mergeBodies(vector: VectorBody, own: VectorBody): VectorBody {
  const phone = { ...vector.phone, ...own.phone };
  const line = { ...vector.line, ...own.line };
  return { ...vector, ...own, phone, line };
}

function readVector(raw: VectorFile['vectors'][number], file: VectorFile, at: ConfigPath, notes: Notes): Vector {
  const { id, title, source, reading, cases = [{ name: '' }], ...shared } = raw;
  const built = cases.map(({ name, ...own }: NonNullable<typeof raw.cases>[number], i): VectorCase => {
    const body = mergeBodies(shared, own);
    const inCase = (key: 'script' | 'expect'): ConfigPath => (own[key] === undefined ? [...at, key] : [...at, 'cases', i, key]);
    if (body.base !== undefined && file.bases[body.base] === undefined)
      notes.refuse([...at, 'base'], {
        code: 'value.invalid',
        seen: body.base,
        allowed: Object.keys(file.bases).join(', '),
        message: 'There is no base of this name.',
        remedy: 'Define it under bases.',
      });
    const steps = readSteps(body.script ?? [], inCase('script'), notes);
    const played = { servers: body.servers ?? serversOf(file.bases[body.base ?? '']), zone: body.zone ?? [], until: body.until };
    return {
      name,
      configuration: configurationOf(file.bases, body),
      scenario: scenarioOf(played, steps, body.seed ?? 1),
      seeds: body.seeds ?? 1,
      expect: readExpectations(body.expect ?? [], inCase('expect'), notes),
    };
  });
  return { id, section: file.section, title, source, reading, cases: built };
}

/** Reads a file of vectors. Total: every fault is a finding. */
export function readVectors(source: { readonly name: string; readonly text: string }): VectorReading {
  const { value, findings, locate } = readYamlText(source);
  if (findings.length > 0) return { vectors: [], findings };
  const notes = createNotes(locate);
  const parsed = vectorFileSchema.safeParse(value);
  if (!parsed.success) {
    noteIssues(parsed.error, vectorFileSchema, value, notes);
    return { vectors: [], findings: notes.findings };
  }
  const file = parsed.data;
  const vectors = file.vectors.map((raw, i) => readVector(raw, file, ['vectors', i], notes));
  return { vectors: notes.refused ? [] : vectors, findings: notes.findings };
}
