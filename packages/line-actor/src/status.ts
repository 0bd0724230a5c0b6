import { type CandidateMark, type Finding, type LineConfig, type LineKey, slotOf } from '@offhook/core';
import type { Running } from './host.ts';
import type { RunningLeg } from './leg.ts';
import type { LineEvent } from './line.types.ts';
import type { Refusal, WaitingChange } from './line-options.ts';
import type { ListRoute } from './list-route.ts';
import type { CallFact } from './live-call.ts';
import type { MailboxStatus } from './subscriptions.ts';

/** One leg now; instants in ms since 1970. */
export interface LegStatus extends CandidateMark {
  readonly registration: string;
  readonly expiresAtMs?: number;
  readonly refreshAtMs?: number;
  readonly retryAtMs?: number;
  readonly failures: number;
}

export interface LineStatus {
  readonly id: string;
  readonly key: LineKey;
  /** Of the key: together they name the line on the bus. */
  readonly slot: number;
  readonly user: string;
  readonly mode: string;
  /** `onTop`, `failedOver`, `outOfService`, `draining`, `stopped`, `disabled`; `failed` while its supervisor waits to start it again. */
  readonly route: string;
  readonly legs: readonly LegStatus[];
  /** Of a ranked list: its servers in order. */
  readonly servers?: readonly CandidateMark[];
  readonly calls: readonly CallFact[];
  readonly queued: number;
  readonly subscriptions: readonly MailboxStatus[];
  /** Validation repaired something, or a mechanism was refused. */
  readonly degraded: boolean;
  readonly refusals: readonly Refusal[];
  readonly findings: readonly Finding[];
  /** Changed parameters that are not in force yet; none: not there. */
  readonly waiting?: readonly WaitingChange[];
  /** Some of them wait for a restart of the line or the runtime. */
  readonly restartRequired?: true;
}

/** The parts of a line that its status is read from. */
export interface LineParts {
  readonly config: LineConfig;
  readonly key: LineKey;
  readonly mode: string;
  readonly legs: readonly RunningLeg[];
  readonly machine: Running<LineEvent>;
  readonly calls: readonly CallFact[];
  /** Requests that wait for a registration. */
  readonly queued: number;
  readonly subscriptions: readonly MailboxStatus[];
  /** Of a line whose servers are a ranked list. */
  readonly list: ListRoute | undefined;
  readonly refusals: readonly Refusal[];
  readonly waiting: readonly WaitingChange[];
  readonly findings: readonly Finding[];
}

/** What of a status says that something waits. */
export function waitingStatus(waiting: readonly WaitingChange[]): Pick<LineStatus, 'waiting' | 'restartRequired'> {
  if (waiting.length === 0) return {};
  return waiting.some(({ until }) => until === 'restart') ? { waiting, restartRequired: true } : { waiting };
}

function legStatus(leg: RunningLeg): LegStatus {
  const { record } = leg;
  return {
    ...leg.mark(),
    registration: leg.state(),
    failures: record.failures,
    ...(record.expiresAtMs > 0 ? { expiresAtMs: record.expiresAtMs } : {}),
    ...(record.refreshAtMs > 0 ? { refreshAtMs: record.refreshAtMs } : {}),
    ...(leg.state() === 'waiting' ? { retryAtMs: record.retryAtMs } : {}),
  };
}

export function statusOf(parts: LineParts): LineStatus {
  const { config, key, mode, machine, refusals, findings } = parts;
  return {
    id: config.id,
    key,
    slot: slotOf(key),
    user: config.ext.userId,
    mode,
    route: machine.state().replace(/^.*\./, ''),
    legs: parts.legs.map(legStatus),
    ...(parts.list === undefined ? {} : { servers: parts.list.servers.candidates(parts.list.nowMs) }),
    calls: parts.calls,
    queued: parts.queued,
    subscriptions: parts.subscriptions,
    degraded: refusals.length > 0 || findings.some(({ severity }) => severity === 'error'),
    refusals,
    findings,
    ...waitingStatus(parts.waiting),
  };
}
