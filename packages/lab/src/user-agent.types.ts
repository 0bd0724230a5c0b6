import type { Ambient, Endpoint, Transport } from '@offhook/core';
import type { HeaderFields, SipRequest, SipTimers } from '@offhook/sip';

export interface UserAgentOptions {
  readonly ambient: Ambient;
  /** Its one socket, virtual or real. */
  readonly transport: Transport;
  readonly user: string;
  /** Where its requests go: its registrar, or the edge of a phone. */
  readonly proxy: Endpoint;
  /** Host of its address-of-record and of bare targets; the proxy's host unless told. */
  readonly domain?: string;
  /** Digest secret, when it is to answer challenges. */
  readonly password?: string;
  readonly timers?: Partial<SipTimers>;
  readonly plan?: Partial<CalleePlan>;
}

/** How a called party behaves. All instants count from the INVITE, ms; `undefined`: never. */
export interface CalleePlan {
  /** Sends 180; at once unless told. */
  readonly ringAfterMs: number | undefined;
  /** Sends the final response; at once unless told. */
  readonly answerAfterMs: number | undefined;
  /** Its status; 200 unless told. */
  readonly status: number;
  readonly headers: HeaderFields;
  /** Sends BYE so long after the ACK; never unless told. */
  readonly hangUpAfterMs: number | undefined;
  /** Status of requests outside calls (MESSAGE, OPTIONS …); 200 unless told. */
  readonly otherStatus: number;
}

export type CallState = 'trying' | 'ringing' | 'up' | 'ended';

/** A call as this party sees it. */
export interface ScriptedCall {
  readonly direction: 'in' | 'out';
  readonly callId: string;
  /** The INVITE that arrived; undefined for our own calls. */
  readonly invite: SipRequest | undefined;
  readonly state: CallState;
  /** Every status in order: received (out) or sent (in); of BYE and the like not. */
  readonly statuses: readonly number[];
  readonly startedAtMs: number;
  readonly upAtMs: number | undefined;
  readonly endedAtMs: number | undefined;
  /** How it ended: BYE or CANCEL from `here` or `there`, `rejected` by a status, `no-response`. */
  readonly ending: 'here' | 'there' | 'rejected' | 'no-response' | undefined;
  /** An ACK for our 2xx has come (in), or was sent (out). */
  readonly acknowledged: boolean;
  /** CANCEL before it is up, BYE afterwards. */
  hangUp(): void;
  /** Sends a request inside the dialog; resolves with its final status, 408 for none. */
  request(method: string, headers?: HeaderFields, body?: Uint8Array): Promise<number>;
}

export interface CallOptions {
  /** Sends the same INVITE to each of these, as a network that forks before its proxies does; to its own proxy unless told. */
  readonly proxies?: readonly Endpoint[];
  /** Adds header fields. */
  readonly headers?: HeaderFields;
}

/** A scripted party: enough of a phone to be called by a line, and to call one. */
export interface UserAgent {
  /** @throws TransportError (rejects) with the transport's codes */
  start(): Promise<Endpoint>;
  stop(): Promise<void>;
  /** Changes how it behaves from the next request on. */
  expect(plan: Partial<CalleePlan>): void;
  /** Registers for so many seconds (0 removes); resolves with the final status, 408 for none. */
  register(expiresS: number): Promise<number>;
  /** Calls a user of its domain, or a whole URI. */
  call(target: string, options?: CallOptions): ScriptedCall;
  /** Sends a request outside any dialog; resolves with its final status, 408 for none. */
  request(method: string, target: string, headers?: HeaderFields, body?: Uint8Array): Promise<number>;
  /** In the order they began. */
  readonly calls: readonly ScriptedCall[];
  /** Requests outside calls that arrived, with their instants. */
  readonly received: readonly { readonly atMs: number; readonly request: SipRequest }[];
  /** Drops calls that have ended, and `received`, so that a world can live for days. */
  forgetEnded(): void;
  readonly address: Endpoint;
}
