import { z } from 'zod';

/** Nothing of ours should hold the event loop up longer than this. */
const longestStallMs = 500;

const span = (initial: number, description: string) => z.int().min(100).max(600_000).default(initial).meta({ description });
const rate = (initial: number, description: string) => z.int().min(1).max(100_000).default(initial).meta({ description });

/** `takeover`: how fast the lines of a dead host go on elsewhere, and how fast they may register. */
export const takeoverSchema = z
  .strictObject({
    heartbeatMs: span(1_500, 'Each line host and edge says so often that it lives, ms.'),
    leaseMs: span(4_500, 'After its last heartbeat that was heard it may act so long, ms.'),
    fenceMs: span(7_000, 'A member unheard of for so long is shut out and its lines go on elsewhere, ms.'),
    releasePerS: rate(100, 'Slots that a host hands to another a second, when hosts come and go.'),
    registersPerS: rate(
      300,
      'REGISTER requests a second that lines of this cluster may send to one registrar when they begin anew.',
    ),
  })
  .refine(
    ({ heartbeatMs, leaseMs, fenceMs }) => leaseMs >= 2 * heartbeatMs && fenceMs >= leaseMs + heartbeatMs + longestStallMs,
    `leaseMs of at least two heartbeats, and fenceMs of at least leaseMs + heartbeatMs + ${longestStallMs}`,
  )
  .prefault({})
  .meta({ description: 'Line hosts and edges of a cluster: when one counts as dead. All members must have the same.' });

export type TakeoverConfig = z.output<typeof takeoverSchema>;
