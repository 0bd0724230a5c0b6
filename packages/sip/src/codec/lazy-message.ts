import { canonicalName, isListField } from './field-names.ts';
import { findLine, type HeadIndex, lineValue } from './head-index.ts';
import type { NameAddr, SipRequest, SipResponse, Via } from './message.ts';
import { readNameAddr } from './name-addr.ts';
import { splitList } from './text.ts';

/** The fields every transaction needs: read once, checked by the parser. */
export interface Essentials {
  readonly via: Via;
  readonly callId: string;
  readonly cseq: { readonly number: number; readonly method: string };
  readonly from: NameAddr;
  readonly to: NameAddr;
}

/** A message over its bytes: header lines are found but not decoded until somebody asks. */
abstract class LazyMessage {
  readonly bytes: Uint8Array;
  readonly via: Via;
  readonly callId: string;
  readonly cseq: { readonly number: number; readonly method: string };
  readonly from: NameAddr;
  readonly to: NameAddr;
  private readonly index: HeadIndex;
  private readonly bodyEnd: number;
  private contactsRead: readonly NameAddr[] | undefined;

  constructor(bytes: Uint8Array, index: HeadIndex, essentials: Essentials, bodyEnd: number) {
    this.bytes = bytes;
    this.via = essentials.via;
    this.callId = essentials.callId;
    this.cseq = essentials.cseq;
    this.from = essentials.from;
    this.to = essentials.to;
    this.index = index;
    this.bodyEnd = bodyEnd;
    this.contactsRead = undefined;
  }

  header(name: string): string | undefined {
    if (isListField(canonicalName(name) ?? name)) return this.headers(name)[0];
    const line = findLine(this.index, name);
    return line < 0 ? undefined : lineValue(this.index, line);
  }

  headers(name: string): readonly string[] {
    const values: string[] = [];
    const isList = isListField(canonicalName(name) ?? name);
    for (let line = findLine(this.index, name); line >= 0; line = findLine(this.index, name, line + 1)) {
      const value = lineValue(this.index, line);
      if (!isList) values.push(value);
      else for (const element of splitList(value)) values.push(element);
    }
    return values;
  }

  get fields(): readonly (readonly [name: string, value: string])[] {
    return this.index.names.map((name, line) => [name, lineValue(this.index, line)] as const);
  }

  /** Those that can be read; a malformed Contact in a list does not hide the others. */
  get contacts(): readonly NameAddr[] {
    this.contactsRead ??= this.headers('Contact')
      .map(readNameAddr)
      .filter((contact) => contact !== undefined);
    return this.contactsRead;
  }

  get body(): Uint8Array {
    const { bodyStart } = this.index;
    return bodyStart < 0 ? this.bytes.subarray(0, 0) : this.bytes.subarray(bodyStart, this.bodyEnd);
  }
}

export class LazyRequest extends LazyMessage implements SipRequest {
  readonly kind = 'request';
  readonly method: string;
  readonly uri: string;

  constructor(
    line: { method: string; uri: string },
    bytes: Uint8Array,
    index: HeadIndex,
    essentials: Essentials,
    bodyEnd: number,
  ) {
    super(bytes, index, essentials, bodyEnd);
    this.method = line.method;
    this.uri = line.uri;
  }
}

export class LazyResponse extends LazyMessage implements SipResponse {
  readonly kind = 'response';
  readonly status: number;
  readonly reason: string;

  constructor(
    line: { status: number; reason: string },
    bytes: Uint8Array,
    index: HeadIndex,
    essentials: Essentials,
    bodyEnd: number,
  ) {
    super(bytes, index, essentials, bodyEnd);
    this.status = line.status;
    this.reason = line.reason;
  }
}
