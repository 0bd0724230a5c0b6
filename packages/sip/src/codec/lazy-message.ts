import { canonicalName, isListField } from './field-names.ts';
import { findLine, type HeadIndex, lineValue, peekLine } from './head-index.ts';
import type { NameAddr, SipRequest, SipResponse, Via } from './message.ts';
import { readNameAddr } from './name-addr.ts';
import { splitList } from './text.ts';

/** The fields every transaction needs, checked by the parser. */
export interface Essentials {
  readonly via: Via;
  readonly callId: string;
  readonly cseq: { readonly number: number; readonly method: string };
  /** The line of a From that can be read. */
  readonly from: number | undefined;
  readonly to: number | undefined;
}

/** Of a refused request: its response copies the line that is there. */
const unreadable: NameAddr = { display: '', uri: '', params: new Map() };

/** A message over its bytes: header lines are found but not decoded until somebody asks. */
abstract class LazyMessage {
  readonly bytes: Uint8Array;
  readonly via: Via;
  readonly callId: string;
  readonly cseq: { readonly number: number; readonly method: string };
  private readonly index: HeadIndex;
  private readonly bodyEnd: number;
  private readonly fromLine: number | undefined;
  private readonly toLine: number | undefined;
  private fromRead: NameAddr | undefined;
  private toRead: NameAddr | undefined;
  private contactsRead: readonly NameAddr[] | undefined;

  constructor(bytes: Uint8Array, index: HeadIndex, essentials: Essentials, bodyEnd: number) {
    this.bytes = bytes;
    this.via = essentials.via;
    this.callId = essentials.callId;
    this.cseq = essentials.cseq;
    this.index = index;
    this.bodyEnd = bodyEnd;
    this.fromLine = essentials.from;
    this.toLine = essentials.to;
    this.fromRead = undefined;
    this.toRead = undefined;
    this.contactsRead = undefined;
  }

  get from(): NameAddr {
    this.fromRead ??= this.address(this.fromLine);
    return this.fromRead;
  }

  get to(): NameAddr {
    this.toRead ??= this.address(this.toLine);
    return this.toRead;
  }

  private address(line: number | undefined): NameAddr {
    return (line === undefined ? undefined : readNameAddr(lineValue(this.index, line))) ?? unreadable;
  }

  get hasOneVia(): boolean {
    const line = this.index.names.indexOf('Via');
    if (this.index.names.indexOf('Via', line + 1) >= 0) return false;
    // A comma may also stand in a quoted parameter.
    return !peekLine(this.index, line).includes(',') || this.headers('Via').length === 1;
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
