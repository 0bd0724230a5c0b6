import { type LineKey, readLineKey } from '@offhook/core';

/** Where a message from the network belongs. */
export type Route =
  | { readonly to: 'line'; readonly key: LineKey; readonly kind: 'request' | 'response' }
  /** A request that names a user, not a line. */
  | { readonly to: 'directory'; readonly user: string }
  /** A request that names nobody: it is meant for this element. */
  | { readonly to: 'edge' }
  /** A response to nothing a line of ours sent. */
  | { readonly to: 'nobody' }
  /** Neither request nor response at first sight. */
  | { readonly to: 'parser' };

const viaLine = /^(?:via|v)[ \t]*:((?:[^\r\n]|\r\n[ \t])*)/im;
const branchKey = /;\s*branch\s*=\s*z9hg4bk([a-z2-7]{12})-/i;
const requestLine = /^[A-Za-z0-9\-.!%*_+`'~]+ (\S+) SIP\/2\.0$/i;
const lineParam = /;line=([^;?]*)/i;

/**
 * Finds the line a message is for by looking at as few bytes as that takes: the line key in the branch of a response's top Via, or in
 * the `line` parameter of a Request-URI. Pure; never throws; linear in the size of the head.
 * @source RFC 3261 sections 8.1.1.7, 17.1.3, 19.1.1
 */
export function routeMessage(bytes: Uint8Array): Route {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let start = 0;
  // RFC 3261 section 7.5: empty lines before the start line are skipped.
  while (view[start] === 13 && view[start + 1] === 10) start += 2;
  const lineEnd = view.indexOf('\r\n', start, 'latin1');
  if (lineEnd < 0) return { to: 'parser' };
  const startLine = view.toString('latin1', start, lineEnd);
  if (/^SIP\//i.test(startLine)) return routeResponse(view, lineEnd);
  const uri = requestLine.exec(startLine)?.[1];
  return uri === undefined ? { to: 'parser' } : routeRequest(uri);
}

function routeResponse(view: Buffer, from: number): Route {
  const headEnd = view.indexOf('\r\n\r\n', from, 'latin1');
  const head = view.toString('latin1', from + 2, headEnd < 0 ? view.length : headEnd);
  const value = viaLine.exec(head)?.[1] ?? '';
  // The first Via of a comma-joined list is the top one.
  const comma = value.indexOf(',');
  const key = readLineKey(branchKey.exec(comma < 0 ? value : value.slice(0, comma))?.[1]);
  return key === undefined ? { to: 'nobody' } : { to: 'line', key, kind: 'response' };
}

function routeRequest(uri: string): Route {
  // A raw @ ends the userinfo, which itself may hold semicolons.
  const at = uri.indexOf('@');
  const question = uri.indexOf('?', at + 1);
  const key = readLineKey(lineParam.exec(uri.slice(at + 1, question < 0 ? uri.length : question))?.[1]);
  if (key !== undefined) return { to: 'line', key, kind: 'request' };
  const user = userPart(uri, at);
  return user === '' ? { to: 'edge' } : { to: 'directory', user };
}

/** The user a URI names, unescaped, without its password; the number of a `tel:` URI. */
function userPart(uri: string, at: number): string {
  const scheme = /^(sips?|tel):/i.exec(uri)?.[0];
  if (scheme === undefined) return '';
  const isTel = scheme.toLowerCase() === 'tel:';
  if (!isTel && at < 0) return '';
  const userinfo = uri.slice(scheme.length, isTel ? uri.length : at);
  const user = (isTel ? /^[^;]*/ : /^[^:]*/).exec(userinfo)?.[0] ?? '';
  try {
    return decodeURIComponent(user);
  } catch {
    return user;
  }
}
