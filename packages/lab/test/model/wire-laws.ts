import { readRetryAfter, readSipUri } from '@offhook/sip';
import type { RequestPacket, ResponsePacket } from '../../src/index.ts';
import type { Played } from './play.ts';
import type { Shape } from './plot.ts';

/* What must hold of everything that crossed the wire. Each law answers with its faults, as text. */

const phone = '10.0.0.9';
const atS = (ms: number): string => `${(ms / 1_000).toFixed(3)} s`;
const serverOf = ({ to, protocol }: RequestPacket): string => `${to.host}:${to.port};${protocol}`;
/** A REGISTER that takes a binding back. */
export const isWithdrawal = ({ message }: RequestPacket): boolean =>
  message.method === 'REGISTER' && message.header('Expires') === '0';
const show = (packet: RequestPacket): string =>
  `${atS(packet.atMs)} ${packet.message.method} ${packet.message.cseq.number} to ${serverOf(packet)}`;

/** First transmissions of the phone's requests, in order. */
function requestsOf({ world }: Played): readonly RequestPacket[] {
  const branches = new Set<string>();
  return world.wire.requests({ from: phone }).filter(({ message }) => {
    const name = `${message.via.branch} ${message.method}`;
    if (branches.has(name)) return false;
    branches.add(name);
    return true;
  });
}

/** Requests of the line outside dialogs. */
export const outsideDialogs = (played: Played): readonly RequestPacket[] =>
  requestsOf(played).filter(
    ({ message }) => ['REGISTER', 'INVITE', 'MESSAGE', 'OPTIONS'].includes(message.method) && !message.to.params.has('tag'),
  );

const registers = (played: Played): readonly RequestPacket[] =>
  outsideDialogs(played).filter(({ message }) => message.method === 'REGISTER');

const legOf = ({ message }: RequestPacket): string => readSipUri(message.contacts[0]?.uri ?? '')?.params.get('leg') ?? '';

const shapeAt = ({ lives, plot }: Played, atMs: number): Shape =>
  lives.findLast(({ fromMs }) => fromMs <= atMs)?.shape ?? plot.shape;

/** One registration on a line that is not dual, one to each side on a line that is. @source redundancy reference 2, 5.1, 6.4 invariant 1 */
export function oneMechanism(played: Played): readonly string[] {
  return registers(played).flatMap((packet) => {
    const { kind } = shapeAt(played, packet.atMs);
    const isDual = kind.startsWith('dual');
    const isAlternate = packet.to.host === '10.0.0.2';
    const expected = isDual && isAlternate ? 'a' : 'p';
    return legOf(packet) === expected ? [] : [`${show(packet)} is of leg ${legOf(packet)} on a line that is ${kind}`];
  });
}

/**
 * A failed REGISTER with Retry-After keeps REGISTERs away from that server; other requests do not move there. What the line has not taken
 * notice of (a late answer, a withdrawal of a binding) does not count, and a power cut forgets. @source redundancy reference D-22, D-46
 */
export function retryAfter(played: Played): readonly string[] {
  const { world, lives } = played;
  const heard = new Set(
    world
      .decisions()
      .filter(({ about }) => about === 'registration')
      .map(({ atMs, inputs }) => `${atMs} ${inputs.code}`),
  );
  const withdrawals = new Set(
    registers(played)
      .filter(isWithdrawal)
      .map(({ message }) => message.via.branch),
  );
  const refusals = world.wire
    .responses({ to: phone, method: 'REGISTER', delivered: true })
    .filter(({ message, deliveredAtMs }) => {
      return message.status >= 300 && heard.has(`${deliveredAtMs} ${message.status}`) && !withdrawals.has(message.via.branch);
    });
  const endOf = (packet: ResponsePacket): number => {
    const { delayS = 0 } = readRetryAfter(packet.message.header('Retry-After')) ?? {};
    const cutMs = lives.find(({ fromMs }) => fromMs > (packet.deliveredAtMs ?? 0))?.fromMs ?? Number.POSITIVE_INFINITY;
    return Math.min((packet.deliveredAtMs ?? 0) + delayS * 1_000, cutMs);
  };
  const blocks = refusals.map((packet) => ({
    host: packet.from.host,
    fromMs: packet.deliveredAtMs ?? 0,
    untilMs: endOf(packet),
  }));
  return registers(played)
    .filter((packet) => !isWithdrawal(packet))
    .flatMap((packet) => {
      const block = blocks.find(
        ({ host, fromMs, untilMs }) => host === packet.to.host && packet.atMs > fromMs && packet.atMs < untilMs,
      );
      return block === undefined ? [] : [`${show(packet)}, which is blocked from ${atS(block.fromMs)} to ${atS(block.untilMs)}`];
    });
}

/** No request goes to a server twice, but to answer its challenge. @source redundancy reference 5.6, D-44 */
export function onceEach(played: Played): readonly string[] {
  const visits = new Map<string, RequestPacket[]>();
  for (const packet of outsideDialogs(played)) {
    const { method, callId } = packet.message;
    if (method === 'REGISTER') continue;
    visits.set(callId, [...(visits.get(callId) ?? []), packet]);
  }
  const faults: string[] = [];
  for (const packets of visits.values()) {
    const seen = new Set<string>();
    for (const [i, packet] of packets.entries()) {
      const before = packets[i - 1];
      const isAgain = before !== undefined && serverOf(before) === serverOf(packet);
      const answers = isAgain && before.message.cseq.number < packet.message.cseq.number;
      if (seen.has(serverOf(packet)) && !answers) faults.push(`${show(packet)} again (${packet.message.callId})`);
      seen.add(serverOf(packet));
    }
  }
  return faults;
}

/** Requests of a dialog stay with the server that its INVITE went to or came from. @source redundancy reference 6.5 */
export function dialogsStay(played: Played): readonly string[] {
  const { world } = played;
  const homes = new Map<string, string>();
  for (const { from, to, message } of world.wire.responses({ method: 'INVITE' })) {
    const [ours, theirs] = [message.from.params.get('tag'), message.to.params.get('tag')];
    if (message.status < 200 || message.status >= 300) continue;
    if (to.host === phone) homes.set(`${message.callId} ${ours} ${theirs} ${from.host}`, from.host);
    if (from.host === phone) homes.set(`${message.callId} ${theirs} ${ours} ${to.host}`, to.host);
  }
  return requestsOf(played)
    .filter(({ message }) => message.to.params.has('tag'))
    .filter(({ message }) => message.method !== 'ACK' || isOfSuccess(played, message.callId, message.to.params.get('tag')))
    .flatMap((packet) => {
      const { callId, from, to } = packet.message;
      const name = `${callId} ${from.params.get('tag')} ${to.params.get('tag')} ${packet.to.host}`;
      return homes.has(name) ? [] : [`${show(packet)} of a dialog (${callId}) that is elsewhere`];
    });
}

/** The ACK of a failed INVITE belongs to its transaction. */
const isOfSuccess = ({ world }: Played, callId: string, tag: string | undefined): boolean =>
  world.wire
    .responses({ method: 'INVITE', callId })
    .some(({ message }) => message.status >= 200 && message.status < 300 && message.to.params.get('tag') === tag);

/** One leg, one identity: all servers of a list see one Call-ID with a rising CSeq, until the line begins anew. @source redundancy reference D-43, D-45, D-46 */
export function oneIdentity(played: Played): readonly string[] {
  const faults: string[] = [];
  const cseqs = new Map<string, number>();
  const ids = new Map<string, Set<string>>();
  for (const packet of registers(played)) {
    const { callId, cseq } = packet.message;
    const last = cseqs.get(callId) ?? 0;
    if (cseq.number <= last) faults.push(`${show(packet)} after CSeq ${last}`);
    cseqs.set(callId, cseq.number);
    ids.set(legOf(packet), (ids.get(legOf(packet)) ?? new Set()).add(callId));
  }
  const beginnings = played.lives.length + played.world.decisions().filter(isBeginning).length + played.restartsMs.length;
  for (const [leg, known] of ids)
    if (known.size > beginnings) faults.push(`leg ${leg} had ${known.size} Call-IDs in ${beginnings} lives`);
  return faults;
}

const isBeginning = ({ rule }: { readonly rule: string }): boolean => rule === 'D-46:restart';

/**
 * REGISTERs do not loop: in any minute a server sees as many as the shortest pause allows (Reg Retry Intvl, or what a server asks for), beside one for each thing that happened to the line.
 * The answers to challenges are not counted. @source redundancy reference 5.4
 */
export function noLoops(played: Played): readonly string[] {
  const { plot, world } = played;
  const windowMs = 60_000;
  const happened = plot.steps.length;
  const asked = plot.steps.map(({ act }) => (act.act === 'answer' ? (act.retryAfterS ?? windowMs) : windowMs));
  const most = windowMs / 1_000 / Math.min(plot.shape.retryS, ...asked) + 6 + happened;
  const answers = new Set(
    world
      .decisions()
      .filter(({ outcome }) => outcome.action === 'answer')
      .map(({ atMs }) => atMs),
  );
  const seen = new Map<string, number[]>();
  for (const packet of registers(played)) {
    if (isWithdrawal(packet) || answers.has(packet.atMs)) continue;
    seen.set(packet.to.host, [...(seen.get(packet.to.host) ?? []), packet.atMs]);
  }
  return [...seen].flatMap(([host, instants]) => {
    const worst = instants.findIndex(
      (fromMs, i) => (instants[i + Math.floor(most)] ?? Number.POSITIVE_INFINITY) < fromMs + windowMs,
    );
    return worst < 0 ? [] : [`${host} gets more than ${most} REGISTERs within a minute from ${atS(instants[worst] ?? 0)}`];
  });
}
