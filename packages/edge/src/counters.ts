/** What became of every message. Plain numbers with fixed names; they only rise. */
export interface EdgeStats {
  /** Whole messages the transports handed over. Each is counted once more below: delivered, answered, absorbed or dropped. */
  readonly received: number;
  /** Given to a line. */
  readonly delivered: number;
  /** Requests answered by the edge itself: no such user, OPTIONS to the edge, unusable but answerable. */
  readonly answered: number;
  /** ACKs to such answers. */
  readonly absorbed: number;
  /** Of those answered or dropped: messages that could not be read. */
  readonly unparsable: number;
  readonly droppedUnparsable: number;
  /** Responses whose Via is not of a line. */
  readonly droppedUnmatched: number;
  /** Of a host that is no server of ours, where such are dropped. */
  readonly droppedStranger: number;
  /** Above what one stranger may send. */
  readonly droppedRate: number;
  /** Above what all strangers together may send. */
  readonly droppedTotalRate: number;
  /** Above what one server may send. */
  readonly droppedServerRate: number;
  readonly droppedOversize: number;
  /** Too many requests waited for the directory. */
  readonly droppedBusy: number;
  /** Lost to a failure of our own: the bus, or a mistake. */
  readonly droppedError: number;
  /** Dropped by a transport before they were messages. */
  readonly transportOversize: number;
  readonly transportFraming: number;
  readonly transportStalled: number;
  readonly transportEmpty: number;
  readonly transportKeepalive: number;
  /** Connections turned away. */
  readonly transportLimit: number;
  /** Messages of lines given to a transport. */
  readonly sent: number;
  /** Messages of lines without a flow to leave by, or too large for it. */
  readonly droppedSends: number;
  /** Messages of a host that no longer owns the line. */
  readonly droppedStale: number;
  readonly opened: number;
  readonly openFailures: number;
  readonly flowFailures: number;
}

export type Counters = { -readonly [Name in keyof EdgeStats]: number };

export const createCounters = (): Counters => ({
  received: 0,
  delivered: 0,
  answered: 0,
  absorbed: 0,
  unparsable: 0,
  droppedUnparsable: 0,
  droppedUnmatched: 0,
  droppedStranger: 0,
  droppedRate: 0,
  droppedTotalRate: 0,
  droppedServerRate: 0,
  droppedOversize: 0,
  droppedBusy: 0,
  droppedError: 0,
  transportOversize: 0,
  transportFraming: 0,
  transportStalled: 0,
  transportEmpty: 0,
  transportKeepalive: 0,
  transportLimit: 0,
  sent: 0,
  droppedSends: 0,
  droppedStale: 0,
  opened: 0,
  openFailures: 0,
  flowFailures: 0,
});
