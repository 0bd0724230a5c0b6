import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { type Place, type ProbePlan, Probes } from './probes.ts';

/**
 * A registrar that costs as little as it can, in a process of its own: it answers by text search and keeps nothing but counts and Contacts.
 * Every measured party registers here, so that what differs is the party.
 */

/** What the bench may ask of a sink. */
export type SinkOrder =
  | { readonly order: 'set'; readonly expiresS?: number; readonly challenge?: Challenge }
  | { readonly order: 'count' }
  | { readonly order: 'options'; readonly count: number; readonly perSecond: number }
  | ({ readonly order: 'probe' } & ProbePlan)
  | { readonly order: 'probe-end' };

/** `first`: without credentials only; `always`: a stale nonce once for each registration, four packets each time. */
export type Challenge = 'first' | 'always';

export interface SinkCounts {
  readonly registered: number;
  readonly challenged: number;
  readonly invites: number;
  readonly byes: number;
  /** 200s to our OPTIONS. */
  readonly alive: number;
}

const counts = { registered: 0, challenged: 0, invites: 0, byes: 0, alive: 0 };
const contacts: Place[] = [];
let probes: Probes | undefined;
let expiresS = 3600;
let challenge: Challenge = 'first';
let generation = 0;

function field(text: string, name: string): string {
  const at = text.indexOf(`\r\n${name}: `);
  if (at < 0) return '';
  const from = at + name.length + 4;
  return text.slice(from, text.indexOf('\r\n', from));
}

function vias(text: string): string {
  let all = '';
  for (let at = text.indexOf('\r\nVia: '); at >= 0; at = text.indexOf('\r\nVia: ', at + 2)) {
    all += text.slice(at + 2, text.indexOf('\r\n', at + 2) + 2);
  }
  return all;
}

function answer(text: string, status: string, more: string, body = ''): string {
  const to = field(text, 'To');
  const tagged = to.includes(';tag=') ? to : `${to};tag=sink`;
  return (
    `SIP/2.0 ${status}\r\n${vias(text)}From: ${field(text, 'From')}\r\nTo: ${tagged}\r\nCall-ID: ${field(text, 'Call-ID')}\r\n` +
    `CSeq: ${field(text, 'CSeq')}\r\n${more}Content-Length: ${body.length}\r\n\r\n${body}`
  );
}

/** With `always` a nonce is good for one registration: its own repetition with credentials. */
function isAuthorised(text: string): boolean {
  const authorization = field(text, 'Authorization');
  if (authorization === '') return false;
  if (challenge === 'first') return true;
  return authorization.includes('nonce="once') && authorization.includes('nc=00000001');
}

function register(text: string, remote: RemoteInfo, socket: Socket): string {
  if (!isAuthorised(text)) {
    counts.challenged += 1;
    generation += 1;
    const nonce = challenge === 'always' ? `once${generation}` : 'bench';
    const stale = text.includes('\r\nAuthorization: ') ? ', stale=true' : '';
    return answer(
      text,
      '401 Unauthorized',
      `WWW-Authenticate: Digest realm="bench", nonce="${nonce}", qop="auth", algorithm=MD5${stale}\r\n`,
    );
  }
  counts.registered += 1;
  const contact = field(text, 'Contact');
  const uri = contact.slice(contact.indexOf('<') + 1, contact.indexOf('>'));
  if (contacts.length < 100_000) contacts.push({ uri, remote, socket });
  return answer(text, '200 OK', `Contact: <${uri}>;expires=${expiresS}\r\n`);
}

const sdp =
  'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n';

function receive(text: string, remote: RemoteInfo, socket: Socket): string | undefined {
  if (text.startsWith('REGISTER ')) return register(text, remote, socket);
  if (text.startsWith('SIP/2.0 200') && probes?.hear(field(text, 'Call-ID')) !== true) counts.alive += 1;
  if (text.startsWith('ACK ') || text.startsWith('SIP/2.0 ')) return undefined;
  if (text.startsWith('INVITE ')) {
    counts.invites += 1;
    const { port } = socket.address();
    socket.send(answer(text, '180 Ringing', `Contact: <sip:sink@127.0.0.1:${port}>\r\n`), remote.port, remote.address);
    return answer(text, '200 OK', `Contact: <sip:sink@127.0.0.1:${port}>\r\nContent-Type: application/sdp\r\n`, sdp);
  }
  if (text.startsWith('BYE ')) counts.byes += 1;
  return answer(text, '200 OK', '');
}

function sendOptions(count: number, perSecond: number): void {
  let sent = 0;
  const startMs = performance.now();
  const timer = setInterval(() => {
    const due = Math.min(count, Math.floor(((performance.now() - startMs) * perSecond) / 1000));
    for (; sent < due; sent += 1) {
      const to = contacts[sent % contacts.length];
      if (to === undefined) break;
      const { port } = to.socket.address();
      to.socket.send(
        `OPTIONS ${to.uri} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:${port};branch=z9hG4bKsink${process.pid}x${sent}\r\nMax-Forwards: 70\r\n` +
          `From: <sip:sink@127.0.0.1>;tag=s${sent}\r\nTo: <${to.uri}>\r\nCall-ID: options-${process.pid}-${sent}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n`,
        to.remote.port,
        to.remote.address,
      );
    }
    if (sent < count) return;
    clearInterval(timer);
    process.send?.({ event: 'options-sent' });
  }, 2);
}

function listen(): Promise<number> {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 8_388_608 });
  socket.on('message', (bytes, remote) => {
    const reply = receive(bytes.toString('latin1'), remote, socket);
    if (reply !== undefined) socket.send(reply, remote.port, remote.address);
  });
  return new Promise((resolve) => socket.bind(0, '127.0.0.1', () => resolve(socket.address().port)));
}

process.on('message', (given: SinkOrder) => {
  if (given.order === 'count') return void process.send?.({ event: 'counts', counts: { ...counts } });
  if (given.order === 'options') return sendOptions(given.count, given.perSecond);
  if (given.order === 'probe-end') return probes?.end();
  if (given.order === 'probe') {
    probes = new Probes(given, contacts, (lines) => process.send?.({ event: 'probed', lines }));
    return;
  }
  expiresS = given.expiresS ?? expiresS;
  challenge = given.challenge ?? challenge;
});
process.on('disconnect', () => process.exit(0));
const ports = [await listen(), await listen()];
process.send?.({ event: 'listening', ports });
