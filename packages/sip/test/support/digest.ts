import type { Ambient } from '@offhook/core';
import type { SipResponse } from '../../src/codec/message.ts';
import { type Authorization, type Challenged, type Credentials, createCredentials } from '../../src/digest/credentials.ts';
import { type DigestParams, readDigest } from '../../src/digest/digest-header.ts';
import { createFakeAmbient } from './fake-ambient.ts';
import { readResponse } from './messages.ts';

export const register = { status: 401, method: 'REGISTER', uri: 'sip:example.com' } as const;

export function credentialsOf(
  username = 'bob',
  password = 'zanzibar',
  ambient: Pick<Ambient, 'random'> = createFakeAmbient(),
): Credentials {
  return createCredentials({ username, password, ambient });
}

export function paramsOf(value: string | undefined): DigestParams {
  const params = value === undefined ? undefined : readDigest(value);
  if (params === undefined) throw new Error(`no digest: ${value}`);
  return params;
}

/** The answers to challenges; fails where there are none. */
export function answers(
  credentials: Credentials,
  challenges: readonly string[],
  over: Partial<Challenged> = {},
): readonly Authorization[] {
  const answer = credentials.answer({ ...register, challenges, ...over });
  if ('unanswerable' in answer) throw new Error(answer.unanswerable);
  return answer;
}

/** Parameters of the only answer. */
export function answerTo(credentials: Credentials, challenge: string, over: Partial<Challenged> = {}): DigestParams {
  const all = answers(credentials, [challenge], over);
  if (all.length !== 1) throw new Error(`${all.length} answers`);
  return paramsOf(all[0]?.value);
}

/** Parameters of what goes out unasked: one set for each realm. */
export const unasked = (credentials: Credentials, body?: Uint8Array): readonly DigestParams[] =>
  credentials.preemptive('REGISTER', 'sip:example.com', body).map(([, value]) => paramsOf(value));

/** A response with these header lines. */
export const answered = (...more: string[]): SipResponse => readResponse({ start: 'SIP/2.0 200 OK', more });
