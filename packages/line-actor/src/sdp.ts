import { parse, type SessionDescription, write } from 'sdp-transform';

/**
 * Offer and answer for one audio stream. No media flows yet: the port is the discard port.
 * @source RFC 3264 sections 5, 6 and 8; RFC 4566
 */

const payloadTypes: Readonly<Record<string, { readonly payload: number; readonly rate: number }>> = {
  PCMU: { payload: 0, rate: 8000 },
  PCMA: { payload: 8, rate: 8000 },
  G722: { payload: 9, rate: 8000 },
  'telephone-event': { payload: 101, rate: 8000 },
};

const discardPort = 9;

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

export interface SdpOptions {
  /** Codec names, best first. */
  readonly codecs: readonly string[];
  /** Where media would be received, an IP literal. */
  readonly host: string;
  readonly sessionId: number;
  /** Counts up with each description of one call. */
  readonly version: number;
}

export interface Answer {
  readonly sdp: string;
  /** The codec both sides put first. */
  readonly codec: string;
  readonly direction: Direction;
}

type Media = SessionDescription['media'][number];
interface Payload {
  readonly name: string;
  readonly payload: number;
  readonly rate: number;
}

function mediaOf(payloads: readonly Payload[], direction: Direction): Media {
  return {
    type: 'audio',
    port: discardPort,
    protocol: 'RTP/AVP',
    payloads: payloads.map(({ payload }) => payload).join(' '),
    rtp: payloads.map(({ name, payload, rate }) => ({ payload, codec: name, rate })),
    fmtp: payloads.filter(({ name }) => name === 'telephone-event').map(({ payload }) => ({ payload, config: '0-15' })),
    direction,
  };
}

function describe({ host, sessionId, version }: SdpOptions, media: Media[]): string {
  const ipVer = host.includes(':') ? 6 : 4;
  return write({
    version: 0,
    origin: { username: '-', sessionId, sessionVersion: version, netType: 'IN', ipVer, address: host },
    name: '-',
    connection: { version: ipVer, ip: host },
    timing: { start: 0, stop: 0 },
    media,
  });
}

const ours = (codecs: readonly string[]): Payload[] =>
  codecs.flatMap((name) => {
    const known = payloadTypes[name];
    return known === undefined ? [] : [{ name, ...known }];
  });

/** The offer of a call. @source RFC 3264 section 5 */
export function createOffer(options: SdpOptions, direction: Direction = 'sendrecv'): string {
  return describe(options, [mediaOf(ours(options.codecs), direction)]);
}

/** Reads a description; undefined when it is none. */
export function readSdp(text: string): SessionDescription | undefined {
  if (!/^v=0\r?\n/.test(text)) return undefined;
  try {
    const session = parse(text);
    return Array.isArray(session.media) ? session : undefined;
  } catch {
    return undefined;
  }
}

/** Codecs of a stream by payload type; static types need no rtpmap. */
function offered(media: Media): Payload[] {
  const types = String(media.payloads ?? '')
    .split(' ')
    .map(Number);
  return types.flatMap((payload) => {
    const mapped = media.rtp?.find((entry) => entry.payload === payload);
    if (mapped !== undefined) return [{ name: mapped.codec, payload, rate: mapped.rate ?? 8000 }];
    const fixed = Object.entries(payloadTypes).find(([, known]) => known.payload === payload && payload < 96);
    return fixed === undefined ? [] : [{ name: fixed[0], payload, rate: 8000 }];
  });
}

const mirrored: Readonly<Record<Direction, Direction>> = {
  sendrecv: 'sendrecv',
  sendonly: 'recvonly',
  recvonly: 'sendonly',
  inactive: 'inactive',
};

export function directionOf(session: SessionDescription, media: Media | undefined = session.media[0]): Direction {
  return (media?.direction ?? session.direction ?? 'sendrecv') as Direction;
}

/** Answers an offer; undefined when no codec is common (488). Streams beyond the first audio are refused by port 0. */
export function createAnswer(offer: string, options: SdpOptions): Answer | undefined {
  const session = readSdp(offer);
  const chosen =
    session?.media.findIndex(({ type, port, protocol }) => type === 'audio' && port !== 0 && protocol === 'RTP/AVP') ?? -1;
  const audio = session?.media[chosen];
  if (session === undefined || audio === undefined) return undefined;
  const common = offered(audio).filter(({ name }) => options.codecs.some((codec) => codec.toLowerCase() === name.toLowerCase()));
  const codec = common.find(({ name }) => name.toLowerCase() !== 'telephone-event');
  if (codec === undefined) return undefined;
  const direction = mirrored[directionOf(session, audio)];
  const media = session.media.map((each, i): Media => (i === chosen ? mediaOf(common, direction) : refused(each)));
  return { sdp: describe(options, media), codec: codec.name, direction };
}

function refused({ type, protocol, payloads }: Media): Media {
  return { type, protocol, payloads: payloads ?? '0', port: 0, rtp: [], fmtp: [] };
}
