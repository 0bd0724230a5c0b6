import { NameAddrHeader, URI } from 'sip.js/lib/core/index.js';
import type { NameAddr } from '../codec/message.ts';
import { readSipUri } from '../codec/sip-uri.ts';

/**
 * A URI that sip.js carries but never rewrites: it goes out as it came in, whatever its user part is made of.
 * @source RFC 3261 section 19.1.4; sip-stack reference P1 (`%25`), P8 (`user;par=x`)
 */
export class TextUri extends URI {
  readonly text: string;

  constructor(text: string) {
    const uri = readSipUri(text);
    // Other schemes have no host of their own; sip.js only insists that there is one.
    super(uri?.scheme ?? 'sip', uri?.user ?? '', uri?.host || 'invalid', uri?.port);
    this.text = text;
  }

  override clone(): TextUri {
    return new TextUri(this.text);
  }

  override toRaw(): string {
    return this.text;
  }

  override toString(): string {
    return this.text;
  }
}

/** A name-addr of ours in the form sip.js reads. */
export function toNameAddrHeader({ display, uri, params }: NameAddr): NameAddrHeader {
  return new NameAddrHeader(new TextUri(uri), display, Object.fromEntries(params));
}
