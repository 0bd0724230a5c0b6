import { type ConfigPath, type Notes, noteIssues, showValue } from '@offhook/core';
import type { z } from 'zod';
import { acts, type Scenario, type Step, serverActs } from './schema.ts';
import { isSet, readSetValues } from './set-step.ts';

const verbs = ['server', ...Object.keys(acts)];
const serverKeys = Object.keys(serverActs);
/** After the last step, when no end is given. */
const afterS = 60;

type Raw = Readonly<Record<string, unknown>>;

function refuseVerb(step: Raw, known: readonly string[], what: string, path: ConfigPath, notes: Notes): void {
  const seen = known.filter((key) => Object.hasOwn(step, key));
  notes.refuse(path, {
    code: 'value.invalid',
    seen: seen.length === 0 ? showValue(Object.keys(step).join(', ')) : seen.join(' and '),
    allowed: `one of ${known.join(', ')}`,
    message: seen.length === 0 ? `This step does not say what ${what}.` : 'A step does one thing.',
    remedy: seen.length === 0 ? 'Add one of these keys.' : 'Make two steps of it.',
  });
}

/** A server has a `set` of its own; parameters of the phone may stand alone. */
function says(step: Raw, verb: string): boolean {
  if (verb !== 'set') return Object.hasOwn(step, verb);
  return !Object.hasOwn(step, 'server') && (Object.hasOwn(step, 'set') || Object.hasOwn(step, 'phone'));
}

/** The schema of a step by the one key that says what it does. */
function schemaOf(step: Raw, path: ConfigPath, notes: Notes): readonly [verb: string, schema: z.ZodType] | undefined {
  const found = verbs.filter((key) => says(step, key));
  const [verb] = found;
  if (verb === undefined || found.length > 1) return void refuseVerb(step, verbs, 'happens', path, notes);
  if (verb !== 'server') return [verb, acts[verb as keyof typeof acts]];
  const own = serverKeys.filter((key) => Object.hasOwn(step, key));
  const [act] = own;
  if (act === undefined || own.length > 1) return void refuseVerb(step, serverKeys, 'the server does', path, notes);
  return [`server.${act}`, serverActs[act as keyof typeof serverActs]];
}

/** Reads steps one by one, so that every fault is found at its place. */
export function readSteps(script: readonly Raw[], at: ConfigPath, notes: Notes): readonly Step[] {
  const steps = script.flatMap((raw, i): readonly Step[] => {
    const path = [...at, i];
    const [verb, schema] = schemaOf(raw, path, notes) ?? [];
    const parsed = schema?.safeParse(raw);
    if (schema === undefined || parsed === undefined) return [];
    if (!parsed.success) {
      noteIssues(parsed.error, schema, raw, notes, path);
      return [];
    }
    const step = { verb, index: i, ...(parsed.data as object) } as Step;
    return [isSet(step) ? readSetValues(step, path, notes) : step];
  });
  return [...steps].sort((a, b) => a.at - b.at);
}

export type Played = Pick<Scenario, 'servers' | 'zone'> & { readonly until?: number | undefined };

/** Steps in the order of their instants; without an end it goes on for a minute after the last one. */
export function scenarioOf({ servers, zone, until }: Played, steps: readonly Step[], seed: string | number): Scenario {
  const last = steps.reduce((latest, step) => Math.max(latest, step.at + ('for' in step ? (step.for ?? 0) : 0)), 0);
  return { servers, zone, steps, untilS: until ?? last + afterS, seed };
}
