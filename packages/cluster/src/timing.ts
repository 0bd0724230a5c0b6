import type { Finding } from '@offhook/core';

/** How fast a cluster notices that one of its members is gone, and how fast lines move. */
export interface ClusterTiming {
  /** From one heartbeat of a member to the next, ms. */
  readonly heartbeatMs: number;
  /** So long after a heartbeat was sent its sender may act for its lines, ms. */
  readonly leaseMs: number;
  /** So long a member has to be silent before another one declares it dead, ms. */
  readonly fenceMs: number;
  /** Slots that a line host hands over because another one should have them, per second. */
  readonly releasePerS: number;
  /** Slots that a line host claims at the same time. */
  readonly claimsAtOnce: number;
}

export const defaultTiming: ClusterTiming = {
  heartbeatMs: 1_500,
  leaseMs: 4_500,
  fenceMs: 7_000,
  releasePerS: 100,
  claimsAtOnce: 64,
};

/** For networks without long pauses, and for tests. */
export const fastTiming: ClusterTiming = { ...defaultTiming, heartbeatMs: 300, leaseMs: 900, fenceMs: 1_800 };

/** The longest that an event loop stands still in earnest, ms. */
const stallMs = 500;

/** Least `fenceMs`: whoever is declared dead must have stopped, also where the clock that measures its lease slept for half of it. */
const leastFenceMs = ({ heartbeatMs, leaseMs }: ClusterTiming): number => leaseMs + Math.max(heartbeatMs + stallMs, leaseMs / 2);

/**
 * What is wrong with a timing: a member must be able to miss a heartbeat, and must have stopped before others take its lines.
 * @source scale reference section D.2 (FENCE >= LEASE + HB + worst loop stall)
 */
export function timingFindings(timing: ClusterTiming): readonly Finding[] {
  const findings: Finding[] = [];
  const judge = (key: keyof ClusterTiming, least: number, what: string, message: string): void => {
    if (timing[key] >= least) return;
    findings.push({
      severity: 'error',
      code: 'value.invalid',
      path: `cluster.${key}`,
      seen: String(timing[key]),
      allowed: `at least ${least}${what}`,
      message,
      remedy: `Set ${key} to ${least} or more.`,
    });
  };
  judge('heartbeatMs', 50, '', 'Heartbeats that follow each other faster are a load and tell nothing.');
  judge(
    'leaseMs',
    2 * timing.heartbeatMs,
    ' (twice heartbeatMs)',
    'One heartbeat that is lost would stop every line of its host.',
  );
  judge(
    'fenceMs',
    leastFenceMs(timing),
    ' (leaseMs + heartbeatMs + 500, and one and a half times leaseMs)',
    'Lines would be taken over while the host that had them may still act for them.',
  );
  judge('releasePerS', 1, '', 'Lines would never move back to a host that has joined.');
  judge('claimsAtOnce', 1, '', 'No host could take a line.');
  return findings;
}
