import { type LineKey, slotOf } from '../line-key.ts';
import { readToken } from './rules.ts';

/** All subject names. Nothing else builds one. */
export interface Subjects {
  /** To one line: `sip` (a message), `flow` (a flow of its own failed), `cmd` (a command, answered). */
  line(key: LineKey, kind: 'sip' | 'flow' | 'cmd'): string;
  /** What a line host subscribes for a slot it owns. */
  slot(slot: number): string;
  /** Facts of one line to whoever cares: `decision`, `registration`, `call`, `state`. */
  fact(key: LineKey, kind: FactKind): string;
  /** Facts of every line, of one kind or of all. */
  facts(kind?: FactKind): string;
  /** To one edge: `open` (answered), `send`, `close`, `stats` (answered). @throws BusError `E_BUS_SUBJECT`: its name is not one token */
  edge(edge: string, kind: 'open' | 'send' | 'close' | 'stats'): string;
  /** Which lines serve this user? One queue group of line hosts, answered. */
  readonly directory: string;
  readonly directoryQueue: string;
  /** Commands to a whole runtime, answered. */
  readonly control: string;
  /** Commands to one line host or edge of a cluster, answered. @throws BusError `E_BUS_SUBJECT`: its name is not one token */
  member(id: string): string;
}

export type FactKind = 'decision' | 'registration' | 'call' | 'state';

/** @throws BusError `E_BUS_SUBJECT` when the cluster's name is not one token */
export function createSubjects(cluster: string): Subjects {
  const root = `offhook.${readToken(cluster)}`;
  /** Of each edge named so far: a line names its own with every message it sends. */
  const edges = new Map<string, string>();
  function edgeRoot(edge: string): string {
    const known = edges.get(edge) ?? `${root}.edge.${readToken(edge)}`;
    edges.set(edge, known);
    return known;
  }
  return {
    line: (key, kind) => `${root}.line.${slotOf(key)}.${key}.${kind}`,
    slot: (slot) => `${root}.line.${slot}.>`,
    fact: (key, kind) => `${root}.fact.${slotOf(key)}.${key}.${kind}`,
    facts: (kind) => `${root}.fact.*.*.${kind ?? '*'}`,
    edge: (edge, kind) => `${edgeRoot(edge)}.${kind}`,
    directory: `${root}.directory`,
    directoryQueue: 'directory',
    control: `${root}.control`,
    member: (id) => `${root}.member.${readToken(id)}`,
  };
}

const prefix = 'offhook.';
const digits = /^\d+$/;

/** A fact of a line, of whichever cluster: nobody waits for it. */
export function isFact(subject: string): boolean {
  return subject.startsWith(prefix) && subject.startsWith('.fact.', subject.indexOf('.', prefix.length));
}

/** Line key and kind of a subject made by `line()` or `fact()`; undefined for any other. */
export function readLineSubject(subject: string): { readonly key: string; readonly kind: string } | undefined {
  // Token by token, without a pattern: this stands in the way of every message.
  const kindAt = subject.lastIndexOf('.');
  const keyAt = subject.lastIndexOf('.', kindAt - 1);
  const slotAt = subject.lastIndexOf('.', keyAt - 1);
  const clusterEnd = subject.indexOf('.', prefix.length);
  const isOurs =
    subject.startsWith(prefix) &&
    clusterEnd > prefix.length &&
    clusterEnd === slotAt - '.line'.length &&
    (subject.endsWith('.line', slotAt) || subject.endsWith('.fact', slotAt)) &&
    digits.test(subject.slice(slotAt + 1, keyAt));
  const key = subject.slice(keyAt + 1, kindAt);
  const kind = subject.slice(kindAt + 1);
  return isOurs && key !== '' && kind !== '' ? { key, kind } : undefined;
}
