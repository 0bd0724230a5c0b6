/**
 * Conformance kits: what a contract demands, as data. A kit knows no test runner: `runKit` hands its cases to whatever
 * `test(name, body)` function it is given, an author's own or `node:test`.
 */
export interface ConformanceCase<Subject> {
  /** The rule, as present-tense behaviour; unique in its kit. */
  readonly name: string;
  /** Where the rule comes from. */
  readonly source: string;
  /** Traits an implementation must have for it; each such case has an opposite, so that a missing trait is no silent skip. */
  readonly needs?: readonly string[];
  /** Rejects when the rule is broken. */
  run(subject: Subject): Promise<void>;
}

export type Kit<Subject> = readonly ConformanceCase<Subject>[];

/** Name of a case to an implementation that breaks that very rule: proves that the kit notices. */
export type Mutants<Implementation> = Readonly<Record<string, (good: Implementation) => Implementation>>;

/** What a factory returns: a fresh implementation per case, and the way to be rid of it. */
export interface Closable {
  close(): Promise<void>;
}

/** The cases an implementation with these traits has to pass. */
export function casesFor<Subject>(kit: Kit<Subject>, traits: readonly string[] = []): Kit<Subject> {
  return kit.filter(({ needs = [] }) => needs.every((need) => traits.includes(need)));
}

/** Runs one case on a fresh subject; closes it whatever happens. */
export async function runCase<Subject extends Closable>(
  one: ConformanceCase<Subject>,
  open: () => Promise<Subject>,
): Promise<void> {
  const subject = await open();
  try {
    await one.run(subject);
  } finally {
    await subject.close();
  }
}

/** Registers every case that applies with `test`. */
export function runKit<Subject extends Closable>(
  kit: Kit<Subject>,
  test: (name: string, body: () => Promise<void>) => void,
  open: () => Promise<Subject>,
  traits: readonly string[] = [],
): void {
  for (const one of casesFor(kit, traits)) test(one.name, () => runCase(one, open));
}
