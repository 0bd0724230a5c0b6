import { deepStrictEqual, strictEqual } from 'node:assert/strict';
import type { Leg } from '../contracts/decision.ts';
import type { LegFacts, LineStore } from '../contracts/line-store.ts';
import type { Closable } from './kit.ts';

/** A store under test. */
export interface LineStoreSubject extends Closable {
  readonly store: LineStore;
  /** Another store that has what a process killed now would leave; the subject closes it. The first one stays in use. */
  reopen(): Promise<LineStore>;
}

/** Whole facts; the same number, the same facts. */
export const someFacts = (n: number, changed: Partial<LegFacts> = {}): LegFacts => ({
  callId: `call-${n}`,
  fromTag: `tag-${n}`,
  cseq: n,
  expiresAtMs: 1_800_000_000_000 + n,
  refreshAtMs: 1_700_000_000_000 + n,
  aor: `sip:${n}@registrar.example`,
  server: '192.0.2.1:5060;udp',
  contact: `sip:${n}@192.0.2.9:5060;line=k${n};leg=p`,
  ...changed,
});

export type LoadedFacts = Readonly<Partial<Record<Leg, LegFacts>>>;

/** Prototypes aside: a store may give bare records. */
const plain = (facts: LoadedFacts): LoadedFacts =>
  Object.fromEntries(Object.entries(facts).map(([leg, { ...each }]) => [leg, each]));

/** What a store must answer for each line. */
export async function holds(store: LineStore, expected: Readonly<Record<string, LoadedFacts>>): Promise<void> {
  const found = await Promise.all(Object.keys(expected).map(async (line) => [line, plain(await store.load(line))]));
  deepStrictEqual(found, Object.entries(expected));
}

/** The code a promise rejects with; undefined when it resolves. */
export const rejectedCode = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => (error as { code?: unknown } | undefined)?.code ?? error,
  );

export { strictEqual as is };
