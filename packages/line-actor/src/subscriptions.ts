import type { LineConfig } from '@offhook/core';
import { type MessageSummary, messageSummaryType, readMessageSummary, readSipUri, type ServerTransaction } from '@offhook/sip';
import type { LineScope } from './line-scope.ts';
import { RunningSubscription, type SubscriptionStatus } from './running-subscription.ts';
import type { SubscriptionPlace, SubscriptionSettings } from './subscription.types.ts';

/** What a line knows of its messages, as status and facts show it. */
export interface MailboxStatus extends SubscriptionStatus {
  /** As the server told last. */
  readonly messages?: MessageSummary;
}

/** The subscriptions of one line. @source redundancy reference section 6.8 */
export interface Subscriptions {
  /** The line is registered (or expects no registration), for the first time or again. */
  start(): void;
  /** New requests go there from now on. */
  routeMoved(place: SubscriptionPlace): void;
  /** Nothing is registered any more: what failed waits for `start`. */
  registrationLost(): void;
  /** A SUBSCRIBE of its dialog tells the server where its NOTIFYs are to go now. @source RFC 6665 section 4.1.2.2, RFC 3261 section 12.2 */
  contactMoved(): void;
  /** True when a subscription of this line has taken the NOTIFY. */
  notify(server: ServerTransaction): boolean;
  list(): readonly MailboxStatus[];
  /** Ends them at the server; `start` begins anew. */
  stop(): void;
  /** Forgets them without a word. */
  dispose(): void;
}

const defaultIntervalS = 86_400;

/**
 * Whom a line asks about messages waiting; undefined when it does not.
 * @source manual: Voice Mail Server, Voice Mail Enable; macros $USER and $PROXY of the mailbox fields of adapters
 */
export function mailboxUri({ ext }: LineConfig, proxy: string): string | undefined {
  const wanted = ext.voiceMailServer.replaceAll('$USER', ext.userId).replaceAll('$PROXY', proxy).trim();
  if (!ext.voiceMailEnable || wanted === '') return undefined;
  const named = /^sips?:/i.test(wanted) ? wanted : `sip:${wanted.includes('@') ? wanted : `${ext.userId}@${wanted}`}`;
  return readSipUri(named) === undefined ? undefined : named;
}

/** The manual's seconds become milliseconds here. */
const settingsOf = ({ phone }: LineConfig): SubscriptionSettings => ({
  minExpiresS: phone.subMinExpires,
  maxExpiresS: phone.subMaxExpires,
  // 0 would ask a server that refuses without a pause.
  retryMs: Math.max(phone.subRetryIntvl, 1) * 1000,
  timerFMs: phone.sipTimerF * 1000,
  timerNMs: 64 * phone.sipT1 * 1000,
});

/** Undefined when the line subscribes to nothing. */
export function createSubscriptions(line: LineScope): Subscriptions | undefined {
  const { config, identity } = line;
  const target = mailboxUri(config, identity.domain);
  if (target === undefined) return undefined;
  let isRegistered = false;
  let messages: MessageSummary | undefined;

  const mailbox = new RunningSubscription<MessageSummary>(
    line,
    settingsOf(config),
    {
      event: 'message-summary',
      accept: messageSummaryType,
      target,
      requestedS: config.ext.voiceMailSubscribeInterval || defaultIntervalS,
      read: readMessageSummary,
      onContent(content) {
        messages = content;
        line.publish('state', () => ({ type: 'mwi', ...content }));
      },
      onChange: (status) => line.publish('state', () => ({ type: 'subscription', ...status })),
    },
    () => isRegistered,
  );

  return {
    start() {
      isRegistered = true;
      mailbox.send({ type: 'sub.start' });
    },
    routeMoved: (place) => mailbox.send({ type: 'route.moved', place }),
    registrationLost() {
      isRegistered = false;
      mailbox.send({ type: 'reg.lost' });
    },
    contactMoved: () => mailbox.status().state === 'active' && mailbox.send({ type: 'clock.refresh' }),
    notify: (server) => mailbox.notify(server),
    list: () => [{ ...mailbox.status(), ...(messages === undefined ? {} : { messages }) }],
    stop() {
      isRegistered = false;
      mailbox.send({ type: 'sub.stop' });
    },
    dispose: () => mailbox.dispose(),
  };
}
