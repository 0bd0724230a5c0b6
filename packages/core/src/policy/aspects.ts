import type { Aspect, Claim } from '../contracts/mechanism.ts';

/** What each aspect means to a reader of a refusal. @source architecture section 6 */
export const aspects: Readonly<Record<Aspect, string>> = {
  bindings: 'which registrations exist',
  route: 'where new requests go',
  recovery: 'when to return to a better server',
  subscriptions: 'where subscriptions live',
};

export const aspectNames = Object.keys(aspects) as readonly Aspect[];

/** Two claims on one aspect go together only when both share it. */
export function claimsClash(a: Claim, b: Claim): boolean {
  return a.aspect === b.aspect && (a.hold === 'exclusive' || b.hold === 'exclusive');
}
