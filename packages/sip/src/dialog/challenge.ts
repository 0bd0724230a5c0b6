import type { SipResponse } from '../codec/message.ts';
import type { DialogsOptions } from './dialog.types.ts';

export type AuthorizationFields = readonly (readonly [name: string, value: string])[];

/**
 * The credentials a 401 or 407 asks for; undefined when it stands as the answer: some other status, too many challenges, or none that
 * can be answered. @source RFC 3261 section 22.2, D-44
 */
export function answerChallenge(
  { credentials, maxAuth }: Pick<DialogsOptions, 'credentials' | 'maxAuth'>,
  answered: number,
  response: SipResponse,
  request: { readonly method: string; readonly uri: string; readonly body: Uint8Array | undefined },
): AuthorizationFields | undefined {
  const { status } = response;
  if ((status !== 401 && status !== 407) || answered >= maxAuth) return undefined;
  const challenges = response.headers(status === 401 ? 'WWW-Authenticate' : 'Proxy-Authenticate');
  const answer = credentials.answer({ status, challenges, ...request });
  return 'unanswerable' in answer ? undefined : answer.map(({ header, value }) => [header, value] as const);
}
