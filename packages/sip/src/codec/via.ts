import type { Via } from './message.ts';
import { quotedEnd, readParam, readParams } from './text.ts';

// Every repetition is followed by something it cannot match, so a failing match costs linear time.
const sentBy =
  /^\s*[A-Za-z0-9\-.!%*_+`'~]+\s*\/\s*[A-Za-z0-9\-.!%*_+`'~]+\s*\/\s*([A-Za-z0-9\-.!%*_+`'~]+)\s+(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+)\s*(?::\s*(\d{1,5})\s*)?(?=[;,]|$)/;

/** Nearly every one: `SIP/2.0/UDP 192.0.2.1:5060;branch=…`. What it matches, `sentBy` reads alike. */
const usualSentBy = /^SIP\/2\.0\/(UDP|TCP|TLS) ([A-Za-z0-9_.-]+)(?::(\d{1,5}))?(?=;|$)/;

/** A Via whose parameters but the branch are read when somebody asks: of most messages nobody does. */
class LazyVia implements Via {
  readonly protocol: string;
  readonly host: string;
  readonly port: number | undefined;
  readonly branch: string | undefined;
  private readonly text: string;
  private readonly paramsAt: number;

  constructor(protocol: string, host: string, port: number | undefined, text: string, paramsAt: number) {
    this.protocol = protocol;
    this.host = host;
    this.port = port;
    this.branch = readParam(text, paramsAt, 'branch') || undefined;
    this.text = text;
    this.paramsAt = paramsAt;
  }

  get params(): ReadonlyMap<string, string> {
    return readParams(this.text, this.paramsAt);
  }
}

/** Reads the first Via value of `text`. Undefined when it is malformed. @source RFC 3261 §20.42 */
export function readVia(text: string): Via | undefined {
  const match = usualSentBy.exec(text) ?? sentBy.exec(text);
  const protocol = match?.[1];
  const host = match?.[2];
  if (match === null || protocol === undefined || host === undefined) return undefined;
  const port = match[3] === undefined ? undefined : Number(match[3]);
  if (port !== undefined && (port === 0 || port > 65_535)) return undefined;
  return new LazyVia(protocol.toUpperCase(), bareHost(host), port, text, match[0].length);
}

/** An IPv6 reference without its brackets. */
export function bareHost(host: string): string {
  return host.startsWith('[') ? host.slice(1, -1) : host;
}

/** A host as it stands in SIP text: IPv6 in brackets. */
export function bracketHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/**
 * The top Via as a response carries it: `received` names the true source address, `rport` its port when the client asked for it.
 * What the client wrote there itself is replaced.
 * @param viaText the request's top Via value
 * @source RFC 3261 §18.2.1, RFC 3581 §4
 */
export function stampVia(viaText: string, remoteHost: string, remotePort: number): string {
  const via = readVia(viaText);
  if (via === undefined) return viaText;
  const asksPort = via.params.has('rport');
  const kept = segments(viaText).filter((segment, i) => i === 0 || !/^\s*(?:received|rport)\s*(?:=|$)/i.test(segment));
  let stamped = kept.join(';');
  if (asksPort || via.host.toLowerCase() !== remoteHost.toLowerCase()) stamped += `;received=${remoteHost}`;
  return asksPort ? `${stamped};rport=${remotePort}` : stamped;
}

/** Splits at semicolons outside quotes, pieces trimmed; empty pieces vanish. */
function segments(text: string): string[] {
  const pieces: string[] = [];
  let start = 0;
  for (let i = 0; i <= text.length; i++) {
    if (i === text.length || text[i] === ';') {
      const piece = text.slice(start, i).trim();
      if (piece !== '') pieces.push(piece);
      start = i + 1;
    } else if (text[i] === '"') {
      const end = quotedEnd(text, i);
      i = end < 0 ? text.length - 1 : end - 1;
    }
  }
  return pieces;
}
