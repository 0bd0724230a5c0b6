import { type Ambient, formatEndpoint, randomToken, type Timer } from '@offhook/core';
import {
  buildRequest,
  type HeaderFields,
  messageSummaryType,
  type ResponseDraft,
  readDeltaSeconds,
  readEventPackage,
  readSipUri,
  type SipRequest,
  type SipResponse,
} from '@offhook/sip';
import type { Link, Links } from './links.ts';

/** A subscription as the notifier holds it. */
export interface MailboxSubscription {
  readonly user: string;
  readonly callId: string;
  readonly contact: string;
  /** Absolute end, ms. */
  readonly expiresAtMs: number;
}

/** A NOTIFY written by hand: what is left out is as it should be. */
export interface NotifyDraft {
  readonly event?: string;
  /** Whole value of Subscription-State; '' leaves the field out. */
  readonly state?: string;
  readonly type?: string;
  readonly body?: string;
  readonly cseq?: number;
  readonly fromTag?: string;
  readonly callId?: string;
  readonly contact?: string;
}

/** The mailboxes of a scripted registrar: it grants message-summary subscriptions and notifies. @source RFC 3842, RFC 6665 section 4.2 */
export interface Mailboxes {
  /** Messages of a user; its subscribers are told. */
  put(user: string, fresh: number, old: number): void;
  /** Grants at most so much, s. */
  grant(mostS: number): void;
  /** Subscriptions in force. */
  list(user?: string): readonly MailboxSubscription[];
  /** Ends every subscription with a NOTIFY. `ending` follows `terminated`: `;reason=probation;retry-after=30`. */
  terminate(ending?: string): void;
  /** Loses every subscription without a word. */
  forget(): void;
  /** When the NOTIFY of a SUBSCRIBE leaves: behind its 2xx unless told. */
  notifies(when: 'after' | 'before' | 'never'): void;
  /** Sends a NOTIFY of one's own writing to every subscriber. */
  send(draft: NotifyDraft): void;
  /** Final answers to NOTIFY, in order. */
  readonly answers: readonly number[];
}

/** What the registrar hands over. */
export interface Notifier extends Mailboxes {
  /** Undefined for a request that is not for a mailbox. */
  subscribe(request: SipRequest, link: Link): ResponseDraft | undefined;
  /** False for a response that answers no NOTIFY of ours. */
  response(response: SipResponse): boolean;
  stop(): void;
}

interface Held extends MailboxSubscription {
  contact: string;
  expiresAtMs: number;
  link: Link;
  readonly localTag: string;
  readonly local: string;
  readonly remote: string;
  cseq: number;
}

const event = 'message-summary';
const contactUser = 'mailbox';
const encoder = new TextEncoder();
const [t1Ms, t2Ms, mostTries] = [500, 4_000, 11];

export function createMailboxes(ambient: Ambient, links: Links): Notifier {
  const subscriptions = new Map<string, Held>();
  const messages = new Map<string, readonly [fresh: number, old: number]>();
  /** By branch: NOTIFYs without an answer, and when they are repeated. */
  const waiting = new Map<string, Timer | undefined>();
  const answers: number[] = [];
  let mostS = Number.POSITIVE_INFINITY;
  let notifies: 'after' | 'before' | 'never' = 'after';

  const contactOf = ({ listening, protocol }: Link): string =>
    `sip:${contactUser}@${formatEndpoint(listening)}${protocol === 'udp' ? '' : `;transport=${protocol}`}`;
  const inForce = (): readonly Held[] => [...subscriptions.values()].filter(({ expiresAtMs }) => expiresAtMs > ambient.now());

  function summary(user: string): string {
    const [fresh, old] = messages.get(user) ?? [0, 0];
    return `Messages-Waiting: ${fresh > 0 ? 'yes' : 'no'}\r\nVoice-Message: ${fresh}/${old} (0/0)\r\n`;
  }

  /** Sends and repeats it until it is answered, as Timer E would. */
  function transmit(link: Link, branch: string, bytes: Uint8Array, tries: number): void {
    links.send(link, bytes);
    if (tries === mostTries) return void waiting.delete(branch);
    const again = (): void => transmit(link, branch, bytes, tries + 1);
    const pauseMs = Math.min(t1Ms * 2 ** (tries - 1), t2Ms);
    waiting.set(branch, link.protocol === 'udp' ? ambient.setTimer(again, pauseMs) : undefined);
  }

  function notify(held: Held, draft: NotifyDraft): void {
    held.cseq += 1;
    const { link, remote, callId } = held;
    const { type = messageSummaryType, body = summary(held.user), cseq = held.cseq, fromTag = held.localTag } = draft;
    const state = draft.state ?? `active;expires=${Math.round((held.expiresAtMs - ambient.now()) / 1_000)}`;
    const branch = `z9hG4bK${randomToken(ambient, 80)}`;
    const headers: HeaderFields = [
      ['Max-Forwards', '70'],
      ['From', `${held.local};tag=${fromTag}`],
      ['To', remote],
      ['Call-ID', draft.callId ?? callId],
      ['CSeq', `${cseq} NOTIFY`],
      ['Contact', `<${draft.contact ?? contactOf(link)}>`],
      ['Event', draft.event ?? event],
      ...(state === '' ? [] : [['Subscription-State', state] as const]),
      ...(body === '' ? [] : [['Content-Type', type] as const]),
    ];
    const via = `SIP/2.0/${link.protocol.toUpperCase()} ${formatEndpoint(link.listening)};branch=${branch}`;
    const bytes = buildRequest({ method: 'NOTIFY', uri: held.contact, headers, body: encoder.encode(body) }, via);
    transmit(link, branch, bytes, 1);
  }

  function subscribe(request: SipRequest, link: Link): ResponseDraft | undefined {
    const user = readSipUri(request.uri)?.user ?? '';
    if (user !== contactUser && readEventPackage(request.header('Event')) !== event) return undefined;
    const toTag = request.to.params.get('tag');
    const known = subscriptions.get(`${request.callId}|${toTag}`);
    if (toTag !== undefined && (known === undefined || known.expiresAtMs <= ambient.now())) return { status: 481 };
    const expiresS = Math.min(readDeltaSeconds(request.header('Expires')) ?? 3_600, mostS);
    const localTag = toTag ?? randomToken(ambient, 64);
    const held: Held = known ?? {
      user,
      callId: request.callId,
      contact: '',
      expiresAtMs: 0,
      link,
      localTag,
      local: request.header('To') ?? '',
      remote: request.header('From') ?? '',
      cseq: 0,
    };
    Object.assign(held, { contact: request.contacts[0]?.uri ?? held.contact, link });
    held.expiresAtMs = ambient.now() + expiresS * 1_000;
    const key = `${held.callId}|${localTag}`;
    if (expiresS === 0) subscriptions.delete(key);
    else subscriptions.set(key, held);
    const tell = (): void => notify(held, expiresS === 0 ? { state: 'terminated;reason=timeout' } : {});
    // The answer leaves within this turn.
    if (notifies === 'after') ambient.defer(tell);
    if (notifies === 'before') tell();
    const headers: HeaderFields = [
      ['Expires', String(expiresS)],
      ['Contact', `<${contactOf(link)}>`],
    ];
    return { status: expiresS === 0 ? 200 : 202, toTag: localTag, headers };
  }

  return {
    subscribe,
    response({ via, status, cseq }) {
      if (cseq.method !== 'NOTIFY' || via.branch === undefined || !waiting.has(via.branch)) return false;
      if (status < 200) return true;
      ambient.clearTimer(waiting.get(via.branch));
      waiting.delete(via.branch);
      answers.push(status);
      return true;
    },
    put(user, fresh, old) {
      messages.set(user, [fresh, old]);
      for (const held of inForce()) if (held.user === user) notify(held, {});
    },
    grant(seconds) {
      mostS = seconds;
    },
    list: (user) => inForce().filter((held) => user === undefined || held.user === user),
    terminate(ending = '') {
      for (const held of inForce()) notify(held, { state: `terminated${ending}`, body: '' });
      subscriptions.clear();
    },
    forget: () => subscriptions.clear(),
    notifies(when) {
      notifies = when;
    },
    send(draft) {
      for (const held of inForce()) notify(held, draft);
    },
    answers,
    stop() {
      for (const timer of waiting.values()) ambient.clearTimer(timer);
      waiting.clear();
    },
  };
}
