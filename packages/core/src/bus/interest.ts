import { assertSubject, readPattern } from './rules.ts';

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

const nobody: Route<never> = Object.freeze({ plain: Object.freeze([]), groups: Object.freeze([]) });
const isNobody = ({ plain, groups }: Route<unknown>): boolean => plain.length + groups.length === 0;

/** What is subscribed from one token on. */
class Branch<E> {
  /** Of the patterns that end here. */
  route: Route<E> = nobody;
  any: Branch<E> | undefined = undefined;
  rest: Branch<E> | undefined = undefined;
  readonly named = new Map<string, Branch<E>>();
  /** The only name where there is one, as at the root of all subjects: it is compared in place. */
  onlyName = '';

  get isBare(): boolean {
    return isNobody(this.route) && this.any === undefined && this.rest === undefined && this.named.size === 0;
  }

  child(token: string): Branch<E> | undefined {
    return token === '*' ? this.any : token === '>' ? this.rest : this.named.get(token);
  }

  set(token: string, child: Branch<E> | undefined): void {
    if (token === '*') this.any = child;
    else if (token === '>') this.rest = child;
    else {
      if (child === undefined) this.named.delete(token);
      else this.named.set(token, child);
      const [first = ''] = this.named.keys();
      this.onlyName = this.named.size === 1 ? first : '';
    }
  }
}

/** Queue groups are joined by name, whatever pattern brought a member here. @source nats-server, sublist matching */
function toRoute<E extends Interested>(entries: readonly E[]): Route<E> {
  const groups = new Map<string, E[]>();
  for (const entry of entries) {
    if (entry.queue === undefined) continue;
    const group = groups.get(entry.queue);
    if (group === undefined) groups.set(entry.queue, [entry]);
    else group.push(entry);
  }
  return { plain: entries.filter((entry) => entry.queue === undefined), groups: [...groups.values()] };
}

const entriesOf = <E>({ plain, groups }: Route<E>): readonly E[] => [...plain, ...groups.flat()];

function join<E extends Interested>(a: Route<E>, b: Route<E>): Route<E> {
  if (isNobody(a)) return b;
  if (isNobody(b)) return a;
  return toRoute([...entriesOf(a), ...entriesOf(b)]);
}

/** Whom `found` has already, and everybody whose pattern matches `subject` from `at` on. */
function collect<E extends Interested>(branch: Branch<E>, subject: string, at: number, found: Route<E>): Route<E> {
  const { any, rest, named, onlyName } = branch;
  let route = rest === undefined ? found : join(found, rest.route);
  if (any === undefined && named.size === 0) return route;
  const dot = subject.indexOf('.', at);
  if (any !== undefined) route = follow(any, subject, dot, route);
  const end = dot < 0 ? subject.length : dot;
  if (onlyName !== '' && (end - at !== onlyName.length || !subject.startsWith(onlyName, at))) return route;
  const same = named.get(onlyName === '' ? subject.slice(at, end) : onlyName);
  return same === undefined ? route : follow(same, subject, dot, route);
}

function follow<E extends Interested>(branch: Branch<E>, subject: string, dot: number, found: Route<E>): Route<E> {
  return dot < 0 ? join(found, branch.route) : collect(branch, subject, dot + 1, found);
}

/**
 * Finds the subscriptions of a subject in a tree of tokens. It remembers nothing of the subjects that pass, which are more than the
 * subscriptions by far, but for the last one: whoever asks where it leads sends there next.
 */
export class InterestIndex<E extends Interested> {
  #root = new Branch<E>();
  #lastSubject = '';
  #lastRoute: Route<E> = nobody;

  /** @throws BusError `E_BUS_SUBJECT` */
  add(entry: E): void {
    let branch = this.#root;
    for (const token of readPattern(entry.pattern)) {
      const next: Branch<E> = branch.child(token) ?? new Branch<E>();
      branch.set(token, next);
      branch = next;
    }
    branch.route = toRoute([...entriesOf(branch.route), entry]);
    this.#lastSubject = '';
  }

  /** A missing entry is ignored. */
  remove(entry: E): void {
    this.#prune(this.#root, readPattern(entry.pattern), 0, entry);
    this.#lastSubject = '';
  }

  clear(): void {
    this.#root = new Branch();
    this.#lastSubject = '';
  }

  /** @throws BusError `E_BUS_SUBJECT` */
  route(subject: string): Route<E> {
    if (subject === this.#lastSubject && subject !== '') return this.#lastRoute;
    assertSubject(subject);
    this.#lastRoute = collect(this.#root, subject, 0, nobody);
    this.#lastSubject = subject;
    return this.#lastRoute;
  }

  /** Removes the entry and every branch that became empty. */
  #prune(branch: Branch<E>, tokens: readonly string[], depth: number, entry: E): void {
    const token = tokens[depth];
    if (token === undefined) {
      branch.route = toRoute(entriesOf(branch.route).filter((each) => each !== entry));
      return;
    }
    const next = branch.child(token);
    if (next === undefined) return;
    this.#prune(next, tokens, depth + 1, entry);
    if (next.isBare) branch.set(token, undefined);
  }
}
