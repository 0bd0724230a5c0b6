import { readDeltaSeconds } from './field-values.ts';
import { isToken, readParams } from './text.ts';

/** What a NOTIFY says of its subscription. */
export interface SubscriptionState {
  /** `active`, `pending`, `terminated` or an extension, in lowercase. */
  readonly state: string;
  readonly expiresS?: number;
  /** Of a terminated one: `deactivated`, `probation`, `rejected`, `timeout`, `giveup`, `noresource`, `invariant` or an extension. */
  readonly reason?: string;
  readonly retryAfterS?: number;
}

const splitAtSemicolon = (text: string): readonly [name: string, params: ReadonlyMap<string, string>] => {
  const at = text.indexOf(';');
  return [(at < 0 ? text : text.slice(0, at)).trim().toLowerCase(), readParams(text, at < 0 ? text.length : at)];
};

/** Reads `active;expires=3600`. Undefined for what is no token. @source RFC 6665 sections 4.1.3, 8.2.3, 8.4 */
export function readSubscriptionState(text: string | undefined): SubscriptionState | undefined {
  const [state, params] = splitAtSemicolon(text ?? '');
  if (!isToken(state)) return undefined;
  const expiresS = readDeltaSeconds(params.get('expires'));
  const retryAfterS = readDeltaSeconds(params.get('retry-after'));
  const reason = params.get('reason')?.toLowerCase();
  return {
    state,
    ...(expiresS === undefined ? {} : { expiresS }),
    ...(reason === undefined ? {} : { reason }),
    ...(retryAfterS === undefined ? {} : { retryAfterS }),
  };
}

/** Event package of an Event header, in lowercase; '' for none. @source RFC 6665 sections 8.2.1, 8.4 */
export const readEventPackage = (text: string | undefined): string => splitAtSemicolon(text ?? '')[0];
