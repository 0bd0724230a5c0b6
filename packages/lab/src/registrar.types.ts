import type { Ambient, Endpoint, Protocol, Transport } from '@offhook/core';
import type { DigestAlgorithm, SipRequest, Verdict } from '@offhook/sip';
import type { Binding, GrantRules } from './bindings.ts';
import type { Listening } from './links.ts';
import type { Mailboxes } from './mailboxes.ts';
import type { NonsenseKind } from './nonsense.ts';
import type { AnswerOptions, AnswerStep, ScriptOptions } from './registrar-script.ts';

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

/** A scripted registrar and proxy: does its job as RFC 3261 says, until it is told otherwise. */
export interface Registrar {
  /** Binds its transports. @throws TransportError (rejects) with their codes */
  start(): Promise<readonly Listening[]>;
  readonly listening: readonly Listening[];
  /** Clears every timer and unbinds. */
  stop(): Promise<void>;
  /** Answers the method (`*`: all) with a status, or a series of them, instead of doing its job. A 401 or 407 carries a challenge. */
  answer(method: string, status: number | readonly AnswerStep[], options?: AnswerOptions): void;
  /** Answers nothing; the requests are still seen. */
  silence(method?: string, options?: ScriptOptions): void;
  /** Does its job, but so much later, ms. */
  delay(method: string, delayMs: number, options?: ScriptOptions): void;
  /** Spoils the answers it would give; to requests it would pass on, a 200. */
  nonsense(kind: NonsenseKind, method?: string, options?: ScriptOptions): void;
  /** Ends the scripts of the method, or all of them; requests that met silence count as new from then on. */
  clear(method?: string): void;
  /** Loses the bindings of a user, or all. */
  forget(user?: string): void;
  /** Every nonce handed out so far is stale from now on. */
  staleNonces(): void;
  set(settings: Partial<RegistrarSettings>): void;
  /** Names a fixed place for a user that does not register. */
  attach(user: string, at: Endpoint, protocol?: Protocol): void;
  /** Bindings in force, newest first. */
  bindings(user?: string): readonly Binding[];
  /** Messages waiting: who subscribed, and what they are told. */
  readonly mailboxes: Mailboxes;
  /** Requests in the order they came, repetitions included. */
  seen(filter?: SeenFilter): readonly SeenRequest[];
  /** Empties what `seen` lists, so that a world can live for days. */
  forgetSeen(): void;
  /** Messages that could not be read, and responses that were none of its own. */
  readonly faults: number;
}
