import { z } from 'zod';

/** The longest that an event loop stands still in earnest, ms. */
const stallMs = 500;

/** Whoever is declared dead must have stopped, also where the clock that measures its lease slept for half of it. */
const leastFenceMs = ({ heartbeatMs, leaseMs }: { readonly heartbeatMs: number; readonly leaseMs: number }): number =>
  leaseMs + Math.max(heartbeatMs + stallMs, leaseMs / 2);

const span = (initial: number, description: string) => z.int().min(100).max(600_000).default(initial).meta({ description });
const rate = (initial: number, description: string) => z.int().min(1).max(100_000).default(initial).meta({ description });

/**
 * `takeover`: how fast the lines of a dead host go on elsewhere, and how fast they may register.
 * @source scale reference section D.2 (FENCE >= LEASE + HB + worst loop stall)
 */
export const takeoverSchema = z
  .strictObject({
    heartbeatMs: span(1_000, 'Each line host and edge says so often that it lives, ms.'),
    leaseMs: span(3_000, 'After its last heartbeat that was heard it may act so long, ms.'),
    fenceMs: span(5_000, 'A member unheard of for so long is shut out and its lines go on elsewhere, ms.'),
    releasePerS: rate(100, 'Slots that a host hands to another a second, when hosts come and go.'),
    registersPerS: rate(
      300,
      'REGISTER requests a second that lines of this cluster may send to one registrar when they begin anew.',
    ),
  })
  .refine(
    (takeover) => takeover.leaseMs >= 2 * takeover.heartbeatMs && takeover.fenceMs >= leastFenceMs(takeover),
    `leaseMs of at least two heartbeats, and fenceMs of at least leaseMs + heartbeatMs + ${stallMs} and one and a half leases`,
  )
  .prefault({})
  .meta({ description: 'Line hosts and edges of a cluster: when one counts as dead. All members must have the same.' });

export type TakeoverConfig = z.output<typeof takeoverSchema>;
