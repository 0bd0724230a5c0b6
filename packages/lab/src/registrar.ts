import { type Ambient, type Endpoint, formatEndpoint, type Inbound, type Protocol, type Transport } from '@offhook/core';
import {
  type DigestAlgorithm,
  parseMessage,
  readDeltaSeconds,
  readSipUri,
  type ResponseDraft,
  type SipRequest,
  type SipUri,
  type Verdict,
} from '@offhook/sip';
import { type Binding, createBindings, type GrantRules } from './bindings.ts';
import { type ChallengeSide, createGatekeeper } from './gatekeeper.ts';
import { createLinks, type Link, type Listening } from './links.ts';
import { type NonsenseKind, spoil } from './nonsense.ts';
import { createProxy, type Place } from './proxy.ts';
import { createServer, type Served } from './registrar-server.ts';
import { type AnswerOptions, type AnswerStep, createScript, type ScriptOptions, stepsOf } from './registrar-script.ts';
import { describeMedia } from './sdp.ts';

export interface RegistrarOptions {
  readonly ambient: Ambient;
  /** Where it listens: virtual or real, one or several. */
  readonly transports: readonly Transport[];
  /** Secret of a user; undefined for a stranger. */
  readonly password: (user: string) => string | undefined;
  /** `lab` unless told. */
  readonly realm?: string;
  /** Hosts it serves beside its own addresses. */
  readonly domains?: readonly string[];
  /** Offered in this order; SHA-256 and MD5 unless told. */
  readonly algorithms?: readonly DigestAlgorithm[];
  /** `auth` unless told; empty offers none. */
  readonly qop?: readonly ('auth' | 'auth-int')[];
  /** One hour unless told, ms. */
  readonly nonceLifetimeMs?: number;
  readonly settings?: Partial<RegistrarSettings>;
}

/** What can be changed while it runs. */
export interface RegistrarSettings extends GrantRules {
  /** Challenges REGISTER; true unless told. */
  readonly registerAuth: boolean;
  /** Challenges (407) new requests of its own users. */
  readonly inviteAuth: boolean;
  /** Stays in the path of dialogs. */
  readonly recordRoute: boolean;
  /** Names the next nonce in each 200 to REGISTER. */
  readonly nextNonce: boolean;
}

/** A request as the registrar saw it. */
export interface SeenRequest {
  readonly atMs: number;
  readonly method: string;
  readonly uri: string;
  readonly callId: string;
  readonly cseq: number;
  /** User of From. */
  readonly user: string;
  /** Wish of a REGISTER, s: of its Contact, else of the Expires header. */
  readonly expiresS: number | undefined;
  readonly contact: string | undefined;
  readonly protocol: Protocol;
  readonly remote: Endpoint;
  /** `none`: it was not looked at; `missing`: it carried no credentials. */
  readonly auth: Verdict | 'none';
  /** The same request again. */
  readonly repeated: boolean;
  /** What the registrar itself answered last; undefined for silence and for what it passed on. */
  readonly status: number | undefined;
  readonly request: SipRequest;
}

export interface SeenFilter {
  readonly method?: string;
  readonly user?: string;
  readonly sinceMs?: number;
  readonly repeated?: boolean;
  readonly callId?: string;
}
