import { readPattern, readSubject } from './rules.ts';

/** Who is interested in what: a subscription as the index sees it. */
export interface Interested {
  readonly pattern: string;
  readonly queue: string | undefined;
}

/** Who gets a message. Never changed once made: a later subscription makes a new one. */
export interface Route<E> {
  /** Each of these gets it. */
  readonly plain: readonly E[];
  /** One member of each of these gets it. */
  readonly groups: readonly (readonly E[])[];
}

interface Branch<E> {
  readonly children: Map<string, Branch<E>>;
  readonly entries: E[];
}

/** Remembered routes per generation; two generations are kept, so that a flood of subjects cannot fill the memory. */
const generationSize = 131_072;
/** Subjects of answers are used once: remembering their routes would only push out others. */
const onceOnly = '_INBOX.';

const noGroups: readonly never[] = Object.freeze([]);

const isWild = (tokens: readonly string[]): boolean => tokens.includes('*') || tokens.at(-1) === '>';
const newBranch = <E>(): Branch<E> => ({ children: new Map(), entries: [] });

function removeFrom<E>(list: E[], entry: E): void {
  const index = list.indexOf(entry);
  if (index >= 0) list.splice(index, 1);
}

/** Not `push(...more)`: that ends at the size of the stack. */
function addAll<E>(list: E[], more: readonly E[]): void {
  for (const entry of more) list.push(entry);
}

/** Everybody whose wildcard pattern matches `tokens` from `depth` on. */
function collect<E>(branch: Branch<E>, tokens: readonly string[], depth: number, found: E[]): void {
  const token = tokens[depth];
  if (token === undefined) {
    addAll(found, branch.entries);
    return;
  }
  const { children } = branch;
  const rest = children.get('>');
  if (rest !== undefined) addAll(found, rest.entries);
  const any = children.get('*');
  if (any !== undefined) collect(any, tokens, depth + 1, found);
  const same = children.get(token);
  if (same !== undefined) collect(same, tokens, depth + 1, found);
}

/** Queue groups are joined by name, whatever pattern brought a member here. @source nats-server, sublist matching */
function toRoute<E extends Interested>(found: readonly E[]): Route<E> {
  if (found.every((entry) => entry.queue === undefined)) return { plain: found, groups: noGroups };
  const groups = new Map<string, E[]>();
  for (const entry of found) {
    if (entry.queue === undefined) continue;
    const group = groups.get(entry.queue);
    if (group === undefined) groups.set(entry.queue, [entry]);
    else group.push(entry);
  }
  return { plain: found.filter((entry) => entry.queue === undefined), groups: [...groups.values()] };
}

/**
 * Finds the subscriptions of a subject: literal ones in a map, wildcards in a trie of tokens, the answers remembered per subject.
 * A literal subscription forgets one remembered route, a wildcard one all of them.
 */
export class InterestIndex<E extends Interested> {
  readonly #literals = new Map<string, E[]>();
  #wild = newBranch<E>();
  #young = new Map<string, Route<E>>();
  #old = new Map<string, Route<E>>();

  /** @throws BusError `E_BUS_SUBJECT` */
  add(entry: E): void {
    const tokens = readPattern(entry.pattern);
    if (isWild(tokens)) {
      let branch = this.#wild;
      for (const token of tokens) {
        const next = branch.children.get(token) ?? newBranch();
        branch.children.set(token, next);
        branch = next;
      }
      branch.entries.push(entry);
      this.#forgetAll();
    } else {
      const list = this.#literals.get(entry.pattern);
      if (list === undefined) this.#literals.set(entry.pattern, [entry]);
      else list.push(entry);
      this.#forget(entry.pattern);
    }
  }

  /** A missing entry is ignored. */
  remove(entry: E): void {
    const tokens = readPattern(entry.pattern);
    if (isWild(tokens)) {
      this.#prune(this.#wild, tokens, 0, entry);
      this.#forgetAll();
    } else {
      const list = this.#literals.get(entry.pattern);
      if (list === undefined) return;
      removeFrom(list, entry);
      if (list.length === 0) this.#literals.delete(entry.pattern);
      this.#forget(entry.pattern);
    }
  }

  clear(): void {
    this.#literals.clear();
    this.#wild = newBranch();
    this.#forgetAll();
  }

  /** @throws BusError `E_BUS_SUBJECT` */
  route(subject: string): Route<E> {
    const young = this.#young.get(subject);
    if (young !== undefined) return young;
    const old = this.#old.get(subject);
    const route = old ?? this.#find(subject);
    if (!subject.startsWith(onceOnly)) this.#remember(subject, route);
    return route;
  }

  #find(subject: string): Route<E> {
    const found: E[] = [];
    const tokens = readSubject(subject);
    const literals = this.#literals.get(subject);
    if (literals !== undefined) addAll(found, literals);
    collect(this.#wild, tokens, 0, found);
    return toRoute(found);
  }

  #remember(subject: string, route: Route<E>): void {
    if (this.#young.size >= generationSize) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(subject, route);
  }

  #forget(subject: string): void {
    this.#young.delete(subject);
    this.#old.delete(subject);
  }

  #forgetAll(): void {
    this.#young.clear();
    this.#old.clear();
  }

  /** Removes the entry and every branch that became empty. */
  #prune(branch: Branch<E>, tokens: readonly string[], depth: number, entry: E): void {
    const token = tokens[depth];
    if (token === undefined) {
      removeFrom(branch.entries, entry);
      return;
    }
    const next = branch.children.get(token);
    if (next === undefined) return;
    this.#prune(next, tokens, depth + 1, entry);
    if (next.entries.length === 0 && next.children.size === 0) branch.children.delete(token);
  }
}
