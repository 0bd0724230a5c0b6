import { isUriText } from './header-value.ts';
import { isToken } from './text.ts';

export type StartLine =
  | { readonly kind: 'request'; readonly method: string; readonly uri: string; readonly fault: StartLineFault | undefined }
  | { readonly kind: 'response'; readonly status: number; readonly reason: string; readonly fault: StartLineFault | undefined };

/** `version` of a request is answered 505, a bad request line 400; a bad status line is dropped. */
export type StartLineFault = 'start-line' | 'version';

const versionPattern = /^SIP\/\d+\.\d+$/i;
/** Nearly every status line. */
const usualStatus = /^SIP\/2\.0 [1-6]\d\d /;
const statusPattern = /^(SIP\/\d+\.\d+) ([1-6]\d\d)(?: (.*))?$/is;

/** Undefined when the line is not even the beginning of something that could be answered. @source RFC 3261 §7.1, §7.2 */
export function readStartLine(line: string): StartLine | undefined {
  if (usualStatus.test(line))
    return { kind: 'response', status: Number(line.slice(8, 11)), reason: line.slice(12), fault: undefined };
  return /^SIP\//i.test(line) ? readStatusLine(line) : readRequestLine(line);
}

function readStatusLine(line: string): StartLine {
  const match = statusPattern.exec(line);
  const fault = match === null ? 'start-line' : isOurVersion(match[1] ?? '') ? undefined : 'version';
  return { kind: 'response', status: Number(match?.[2] ?? 0), reason: match?.[3] ?? '', fault };
}

function readRequestLine(line: string): StartLine | undefined {
  const first = line.indexOf(' ');
  const method = line.slice(0, Math.max(first, 0));
  if (!isToken(method)) return undefined;
  const last = line.lastIndexOf(' ');
  const uri = line.slice(first + 1, Math.max(last, first + 1));
  const version = line.slice(last + 1);
  if (!versionPattern.test(version) || !isRequestUri(uri)) {
    return { kind: 'request', method, uri: '', fault: 'start-line' };
  }
  return { kind: 'request', method, uri, fault: isOurVersion(version) ? undefined : 'version' };
}

/** True when a request can go to it. */
export function isRequestUri(text: string): boolean {
  return isUriText(text) && /^[A-Za-z][A-Za-z0-9+.-]*:./.test(text);
}

function isOurVersion(version: string): boolean {
  return version.toUpperCase() === 'SIP/2.0';
}
