import { type NameAddr, type ResponseDraft, readDeltaSeconds, type SipRequest } from '@offhook/sip';
import type { Link } from './links.ts';

/** Where a user is registered. */
export interface Binding {
  readonly user: string;
  /** Contact URI as registered. */
  readonly contact: string;
  readonly callId: string;
  readonly cseq: number;
  /** Absolute end, ms. */
  readonly expiresAtMs: number;
  readonly updatedAtMs: number;
  readonly link: Link;
}

/** How the registrar grants. Seconds, as SIP speaks. */
export interface GrantRules {
  /** Asked for nothing: this much. */
  readonly defaultExpiresS: number;
  /** Shorter wishes are answered 423; 0 accepts any. @source RFC 3261 section 10.3 step 7 */
  readonly minExpiresS: number;
  /** Longer wishes are cut to this. */
  readonly maxExpiresS: number;
  /** Grants this, whatever was asked for; `undefined`: as asked. Removals stay removals. */
  readonly grantS: number | undefined;
  /** Adds an Expires header of this value to the 200. */
  readonly expiresHeaderS: number | undefined;
}

/** The location service of one registrar. */
export interface Bindings {
  /** Bindings in force, newest first; of one user or of all. */
  list(user?: string): readonly Binding[];
  /** The newest binding in force of a contact. */
  find(contact: string): Binding | undefined;
  /** Carries out a REGISTER; the draft is the answer. @source RFC 3261 section 10.3 steps 5 to 8 */
  register(user: string, request: SipRequest, link: Link, rules: GrantRules): ResponseDraft;
  forget(user?: string): void;
}

interface Wish {
  readonly contact: string;
  readonly expiresS: number;
}

const refuse = (status: number, reason: string): ResponseDraft => ({ status, reason });

export function createBindings(now: () => number): Bindings {
  const users = new Map<string, Map<string, Binding>>();
  /** The latest binding of each contact; may have ended since. */
  const byContact = new Map<string, Binding>();

  const inForce = ({ expiresAtMs }: Binding): boolean => expiresAtMs > now();

  function list(user?: string): readonly Binding[] {
    const found =
      user === undefined ? [...users.values()].flatMap((each) => [...each.values()]) : [...(users.get(user)?.values() ?? [])];
    return found.filter(inForce).sort((a, b) => b.updatedAtMs - a.updatedAtMs);
  }

  /** Bindings of a user, without those that have ended. */
  function heldBy(user: string): Map<string, Binding> {
    const held = users.get(user) ?? new Map<string, Binding>();
    for (const [contact, binding] of held) {
      if (inForce(binding)) continue;
      held.delete(contact);
      if (byContact.get(contact) === binding) byContact.delete(contact);
    }
    return held;
  }

  function granted(user: string, rules: GrantRules): ResponseDraft {
    const contacts = list(user).map(({ contact, expiresAtMs }): [string, string] => [
      'Contact',
      `<${contact}>;expires=${Math.round((expiresAtMs - now()) / 1_000)}`,
    ]);
    const expires: [string, string][] = rules.expiresHeaderS === undefined ? [] : [['Expires', String(rules.expiresHeaderS)]];
    return { status: 200, headers: [...contacts, ...expires] };
  }

  /** Same Call-ID: the CSeq must have grown, or the request came late. */
  const outOfOrder = (bindings: readonly Binding[], request: SipRequest): boolean =>
    bindings.filter(inForce).some(({ callId, cseq }) => callId === request.callId && request.cseq.number <= cseq);

  function register(user: string, request: SipRequest, link: Link, rules: GrantRules): ResponseDraft {
    const held = heldBy(user);
    const { contacts } = request;
    const headerS = readDeltaSeconds(request.header('Expires'));
    if (contacts.some(({ uri }) => uri === '*')) {
      if (contacts.length > 1 || headerS !== 0) return refuse(400, 'Wildcard Contact Needs Expires 0');
      if (outOfOrder([...held.values()], request)) return refuse(500, 'CSeq Out Of Order');
      forget(user);
      return granted(user, rules);
    }
    const wishes = contacts.map((contact) => ({ contact: contact.uri, expiresS: wishOf(contact, headerS, rules) }));
    if (wishes.some(({ expiresS }) => expiresS > 0 && expiresS < rules.minExpiresS)) {
      return { status: 423, headers: [['Min-Expires', String(rules.minExpiresS)]] };
    }
    const touched = wishes.map(({ contact }) => held.get(contact)).filter((binding) => binding !== undefined);
    if (outOfOrder(touched, request)) return refuse(500, 'CSeq Out Of Order');
    for (const wish of wishes) apply(held, user, wish, request, link, rules);
    users.set(user, held);
    return granted(user, rules);
  }

  function apply(held: Map<string, Binding>, user: string, wish: Wish, request: SipRequest, link: Link, rules: GrantRules): void {
    const { contact, expiresS } = wish;
    if (expiresS === 0) {
      held.delete(contact);
      byContact.delete(contact);
      return;
    }
    const nowMs = now();
    const expiresAtMs = nowMs + (rules.grantS ?? expiresS) * 1_000;
    const binding: Binding = {
      user,
      contact,
      callId: request.callId,
      cseq: request.cseq.number,
      expiresAtMs,
      updatedAtMs: nowMs,
      link,
    };
    held.set(contact, binding);
    byContact.set(contact, binding);
  }

  function forget(user?: string): void {
    for (const { contact } of list(user)) byContact.delete(contact);
    if (user === undefined) users.clear();
    else users.delete(user);
  }

  return {
    list,
    find(contact) {
      const binding = byContact.get(contact);
      return binding !== undefined && inForce(binding) ? binding : undefined;
    },
    register,
    forget,
  };
}

function wishOf(contact: NameAddr, headerS: number | undefined, rules: GrantRules): number {
  const wishS = readDeltaSeconds(contact.params.get('expires')) ?? headerS ?? rules.defaultExpiresS;
  return Math.min(wishS, rules.maxExpiresS);
}
