/** What the lazy codec hands out: bytes stay as received, fields are read when asked for. */

export interface NameAddr {
  readonly display: string;
  /** URI between `<` and `>` (or the bare addr-spec), as received. */
  readonly uri: string;
  /** Header parameters, names in lowercase; a flag has the value ''. */
  readonly params: ReadonlyMap<string, string>;
}

export interface Via {
  readonly protocol: string; // 'UDP', 'TCP', 'TLS' in uppercase
  readonly host: string;
  readonly port: number | undefined;
  readonly branch: string | undefined;
  readonly params: ReadonlyMap<string, string>;
}

interface Message {
  readonly bytes: Uint8Array;
  /** First value of a field, unfolded and trimmed; compact and long names are one. Name in any case. */
  header(name: string): string | undefined;
  /** All values in order; comma-separated list fields (Via, Route, Record-Route, Contact, Supported, …) are split. */
  headers(name: string): readonly string[];
  /** Field lines in order, long names in canonical spelling. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly via: Via;
  /** False: there are further ones below the top Via. */
  readonly hasOneVia: boolean;
  readonly callId: string;
  readonly cseq: { readonly number: number; readonly method: string };
  readonly from: NameAddr;
  readonly to: NameAddr;
  readonly contacts: readonly NameAddr[];
  readonly body: Uint8Array;
}

export interface SipRequest extends Message {
  readonly kind: 'request';
  readonly method: string;
  readonly uri: string;
}

export interface SipResponse extends Message {
  readonly kind: 'response';
  readonly status: number;
  readonly reason: string;
}

export type SipMessage = SipRequest | SipResponse;

/** Not a usable message. `answer` is set when RFC 3261 lets us answer it. */
export interface SipFault {
  readonly kind: 'fault';
  /** Constant identifier for counters: `start-line`, `missing-via`, `bad-cseq`, `too-large`, … */
  readonly fault: string;
  readonly detail: string;
  /** Status to answer (400, 413, 505 …) and the request's own fields, when a response can be built at all. */
  readonly answer?: { readonly status: number; readonly request: SipRequest };
}

/** Header fields of an outgoing message, in order, without Via, Max-Forwards order rules or Content-Length (added by the builder). */
export type HeaderFields = readonly (readonly [name: string, value: string])[];

/** A request before it has a Via: what a transaction sends, possibly more than once on different hops. */
export interface RequestDraft {
  readonly method: string;
  readonly uri: string;
  readonly headers: HeaderFields;
  readonly body?: Uint8Array;
}

/** A response before it is tied to its request: To tag, extra fields and body; Via, From, To, Call-ID, CSeq and Record-Route are copied. */
export interface ResponseDraft {
  readonly status: number;
  readonly reason?: string;
  readonly toTag?: string;
  readonly headers?: HeaderFields;
  readonly body?: Uint8Array;
}
