import { LocalProtocolError } from '@offhook/core';
import { isToken } from './text.ts';

// These are the characters that end or cut a header line
const breaksLine = /[\r\n\0]/;
// A URI has no blank and no control character
const breaksUri = /[\0- <>"\x7f]/;

export const isHeaderValue = (text: string): boolean => !breaksLine.test(text);

/**
 * Refuses text that would end a header line early.
 * @param what names the place in the message, never the value: it may be a secret
 * @throws LocalProtocolError `E_SIP_LOCAL` on CR, LF or NUL
 */
export function assertHeaderValue(text: string, what = 'a header value'): void {
  if (!isHeaderValue(text)) {
    throw new LocalProtocolError(`${what} contains CR, LF or NUL; a header line must be one line: remove them`);
  }
}

/** @throws LocalProtocolError `E_SIP_LOCAL` when the text is no token (methods, header names, tags) */
export function assertToken(text: string, what: string): void {
  if (!isToken(text)) throw new LocalProtocolError(`${what} is ${JSON.stringify(text)}; a token of RFC 3261 §25.1 is required`);
}

/** True when the text can stand where a URI stands: not empty, no blank, control character, quote or angle bracket. */
export function isUriText(text: string): boolean {
  return text !== '' && !breaksUri.test(text);
}

/** @throws LocalProtocolError `E_SIP_LOCAL` when the text would break out of the place of a URI */
export function assertUri(text: string, what: string): void {
  if (!isUriText(text)) {
    throw new LocalProtocolError(
      `${what} is empty or contains blanks, control characters, quotes or angle brackets; escape them as %hh`,
    );
  }
}
