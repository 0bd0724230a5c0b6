import type { Endpoint, LineKey } from '@offhook/core';

/** What the messages of a corpus are about. */
export interface CorpusPlace {
  /** The line that gets them. */
  readonly key: LineKey;
  readonly user: string;
  /** Where the phone is. */
  readonly local: Endpoint;
  /** Who sends. */
  readonly remote: Endpoint;
}

interface Written {
  readonly start: string;
  readonly via: readonly string[];
  readonly cseq: string;
  readonly more?: readonly string[];
  readonly body?: string;
  readonly toTag?: string;
}

const at = ({ host, port }: Endpoint): string => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);
const nonce = 'dcd98b7102dd2f0e8b11d0f600bfb0c093';

function write({ user, local, remote }: CorpusPlace, { start, via, cseq, more = [], body = '', toTag }: Written): string {
  return [
    start,
    ...via.map((value) => `Via: ${value}`),
    'Max-Forwards: 70',
    `From: "Bob \\"the\\" Builder" <sip:bob@${at(remote)}>;tag=fuzz1`,
    `To: <sip:${user}@${at(local)}>${toTag === undefined ? '' : `;tag=${toTag}`}`,
    `Call-ID: fuzz-a84b4c76e66710@${remote.host}`,
    `CSeq: ${cseq}`,
    ...more,
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}

function sdp({ remote: { host } }: CorpusPlace): string {
  const family = host.includes(':') ? 'IP6' : 'IP4';
  const head = ['v=0', `o=- 1 1 IN ${family} ${host}`, 's=-', `c=IN ${family} ${host}`, 't=0 0'];
  const audio = ['m=audio 4000 RTP/AVP 0 8 101', 'a=rtpmap:101 telephone-event/8000', 'a=fmtp:101 0-15', 'a=sendrecv'];
  return [...head, ...audio, ''].join('\r\n');
}

function responses(place: CorpusPlace): readonly string[] {
  const { key, user, local, remote } = place;
  const via = [`SIP/2.0/UDP ${at(local)};branch=z9hG4bK${key}-aaaabbbbccccd;rport=5060;received=${local.host}`];
  const contact = `<sip:${user}@${at(local)};line=${key};leg=p>`;
  const say = (start: string, method: string, more: readonly string[] = [], body = ''): string =>
    write(place, { start: `SIP/2.0 ${start}`, via, cseq: `2 ${method}`, toTag: 'their', more, body });
  const digest = `Digest realm="lab", nonce="${nonce}", qop="auth,auth-int", algorithm=SHA-256, opaque="", stale=false`;
  return [
    say('200 OK', 'REGISTER', [
      `Contact: ${contact};expires=3600, <sip:x@10.9.9.9>;q=0.5;expires=1`,
      'Date: Sat, 13 Nov 2010 23:29:00 GMT',
    ]),
    say('401 Unauthorized', 'REGISTER', [`WWW-Authenticate: ${digest}`, `WWW-Authenticate: ${digest.replace('SHA-256', 'MD5')}`]),
    say('407 Proxy Authentication Required', 'INVITE', [`Proxy-Authenticate: ${digest}`]),
    say('423 Interval Too Brief', 'REGISTER', ['Min-Expires: 7200']),
    say('503 Service Unavailable', 'REGISTER', ['Retry-After: 120 (at once);duration=60']),
    say('302 Moved Temporarily', 'INVITE', [`Contact: <sip:loop@${at(remote)}>;q=0.9, sip:b@c`]),
    say('180 Ringing', 'INVITE', [`Record-Route: <sip:${at(remote)};lr>`, `Contact: <sip:c@${at(remote)}>`]),
    say('200 OK', 'INVITE', [`Contact: <sip:c@${at(remote)}>`, 'Content-Type: application/sdp'], sdp(place)),
    say('100 Trying', 'REGISTER').replaceAll('Via:', 'v:').replace('Call-ID:', 'i  :').replace('From:', 'f:'),
  ];
}

function requests(place: CorpusPlace): readonly string[] {
  const { key, user, local, remote } = place;
  const uri = `sip:${user}@${at(local)};line=${key};leg=p`;
  const say = (method: string, more: readonly string[] = [], rest: Partial<Written> & { readonly to?: string } = {}): string => {
    const via = [`SIP/2.0/UDP ${at(remote)};branch=z9hG4bKfuzz1;rport`, 'SIP/2.0/TCP 10.1.1.1;branch=z9hG4bKbelow'];
    return write(place, { start: `${method} ${rest.to ?? uri} SIP/2.0`, via, cseq: `7 ${method}`, more, ...rest });
  };
  const contact = `Contact: <sip:bob@${at(remote)};transport=udp>`;
  const offer = { body: sdp(place) };
  const typed = [contact, 'Content-Type: application/sdp'];
  return [
    say('INVITE', [...typed, 'Supported: timer, 100rel', 'Session-Expires: 1800', 'Allow: INVITE,\r\n ACK,\r\n\tBYE'], offer),
    say('INVITE', typed, { ...offer, toTag: 'our' }),
    say('INVITE', [contact], { to: `sip:${user}@${at(local)}` }),
    say('ACK', [`Route: <sip:${at(remote)};lr>`], { toTag: 'our' }),
    say('CANCEL', ['Reason: SIP;cause=200;text="Call completed elsewhere"']),
    say('BYE', [], { toTag: 'our' }),
    say('OPTIONS', ['Accept: application/sdp']),
    say('OPTIONS', [], { to: `sip:${at(local)}` }),
    say('MESSAGE', ['Content-Type: text/plain;charset=UTF-8'], { body: 'grüß dich\r\n\r\nSIP/2.0 200 OK\r\n' }),
    say('NOTIFY', ['Event: message-summary', 'Subscription-State: active;expires=600'], { body: 'Messages-Waiting: yes\r\n' }),
    say('REFER', ['Refer-To: <sip:x@y?Replaces=a%40b%3Bto-tag%3D1%3Bfrom-tag%3D2>', 'Require: norefersub']),
    say('REGISTER', [`Contact: *`, 'Expires: 0'], { to: `sip:${remote.host}` }),
    say('FROBNICATE', [], { to: 'tel:+1-201-555-0123;phone-context=example.com' }),
  ];
}

/** Sound messages of every kind a phone meets, for a fuzzer to spoil. */
export const fuzzCorpus = (place: CorpusPlace): readonly string[] => [...responses(place), ...requests(place)];
