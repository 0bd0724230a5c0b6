import type { KeyValue, KeyValues } from '../contracts/key-value.ts';
import { codeOf, decode, follow } from './bus-subject.ts';
import type { Closable } from './kit.ts';

/** Two clients of one fresh server; the connection of the first can be lost. */
export interface KeyValueSubject extends Closable {
  readonly values: KeyValues;
  readonly other: KeyValues;
  /** Cuts the connection of `values`. */
  lose(): Promise<void>;
  /** Makes it work again. */
  find(): Promise<void>;
  /** Lets time pass until the condition holds. Rejects when that takes longer than anything may. */
  until(condition: () => boolean): Promise<void>;
}

type Waits = Pick<KeyValueSubject, 'until'>;

/** What a question is answered with, while time passes. */
export async function ask<T>({ until }: Waits, question: Promise<T>): Promise<T> {
  const outcome = follow(question);
  await until(() => outcome.settled);
  return question;
}

/** The code that a question fails with; undefined when it does not. */
export const refusal = (subject: Waits, question: Promise<unknown>): Promise<unknown> =>
  ask(subject, question).then(() => undefined, codeOf);

/** The value of a key as text; undefined: not there. */
export async function textOf(subject: Waits, bucket: KeyValue, key: string): Promise<string | undefined> {
  const entry = await ask(subject, bucket.get(key));
  return entry && decode(entry.value);
}

/** What a watcher was told: `key=value`, `key-` for a deletion, `ready`. */
export function noteChanges(bucket: KeyValue, pattern: string): string[] {
  const told: string[] = [];
  bucket.watch(
    pattern,
    ({ key, value }) => told.push(value === undefined ? `${key}-` : `${key}=${decode(value)}`),
    () => told.push('ready'),
  );
  return told;
}
