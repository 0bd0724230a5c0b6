import { isToken, quotedEnd } from '../codec/text.ts';

/** One `Digest …` challenge or set of credentials: names in lowercase. */
export type DigestParams = ReadonlyMap<string, string>;

const COMMA = 44;
const EQUALS = 61;
const QUOTE = 34;

/**
 * Every Digest challenge of one header value, in order; other schemes are passed over. Tolerant: any value quoted or not, several challenges
 * in one line, commas missing. Values keep their backslashes: the hash and the echo take what stands between the quotes (RFC 7616 §3.3, `unq`).
 * Linear; never throws.
 * @source RFC 3261 §25.1, RFC 7616 §3.3, §3.4
 */
export function readDigests(headerValue: string): DigestParams[] {
  const found: DigestParams[] = [];
  let params: Map<string, string> | undefined;
  let i = 0;
  while (i < headerValue.length) {
    const wordStart = i;
    while (i < headerValue.length && !isSeparator(headerValue.charCodeAt(i))) i++;
    const word = headerValue.slice(wordStart, i);
    i = skipBlanks(headerValue, i);
    if (headerValue.charCodeAt(i) === EQUALS) {
      const value = readValue(headerValue, skipBlanks(headerValue, i + 1));
      if (params !== undefined && word !== '' && !params.has(word.toLowerCase())) params.set(word.toLowerCase(), value.text);
      i = value.end;
    } else if (isToken(word) && i > wordStart + word.length && headerValue.charCodeAt(i) !== COMMA) {
      // A word, a blank and another word: the next scheme. A lone word is the rest of an unquoted list (`qop=auth,auth-int`).
      params = word.toLowerCase() === 'digest' ? new Map() : undefined;
      if (params !== undefined) found.push(params);
    } else i = Math.max(i, wordStart + 1);
  }
  return found;
}

/** Parameters of an Authorization value of scheme Digest; undefined when it is another scheme. */
export function readDigest(headerValue: string): DigestParams | undefined {
  return readDigests(headerValue)[0];
}

function readValue(text: string, start: number): { text: string; end: number } {
  if (text.charCodeAt(start) === QUOTE) {
    const end = quotedEnd(text, start);
    return end < 0 ? { text: text.slice(start + 1), end: text.length } : { text: text.slice(start + 1, end - 1), end };
  }
  let end = start;
  while (end < text.length && text.charCodeAt(end) !== COMMA && !isBlank(text.charCodeAt(end))) end++;
  return { text: text.slice(start, end), end };
}

function skipBlanks(text: string, from: number): number {
  let i = from;
  while (i < text.length && isBlank(text.charCodeAt(i))) i++;
  return i;
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}

function isSeparator(code: number): boolean {
  return code === COMMA || code === EQUALS || code === QUOTE || isBlank(code);
}
