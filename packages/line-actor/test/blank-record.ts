import type { RegistrationRecord } from '../src/registration.types.ts';

/** A registration that has not begun. */
export const blankRecord = (): RegistrationRecord => ({
  leg: 'primary',
  callId: 'c',
  fromTag: 't',
  cseq: 0,
  requestedS: 3600,
  wasTooBrief: false,
  failures: 0,
  lastOk: false,
  refreshAtMs: 0,
  expiresAtMs: 0,
  retryAtMs: 0,
  blockedUntilMs: 0,
  downSinceMs: 0,
  reconnectedAtMs: 0,
  graceUntilMs: 0,
  suspectUntilMs: 0,
});

const ignore = (): void => {};

/** What the chart asks of a cluster, answered for a line without one. */
export const alone = {
  isTakenOver: () => false,
  mayHaveFlow: () => false,
  askFlow: ignore,
};

/** What the chart asks of a ranked list, answered for a line without one. */
export const unlisted = {
  isRanked: () => false,
  movesOn: () => false,
  moveOn: ignore,
  holdsRefresh: () => false,
  aim: ignore,
  startRound: ignore,
  confirmed: ignore,
  waits: ignore,
  lost: ignore,
};
