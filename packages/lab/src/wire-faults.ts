import type { Endpoint, Protocol } from '@offhook/core';
import { formatPlace, type InPlace, type Place, readPlace } from './wire-place.ts';

/** How a link treats what it carries. */
export interface LinkShape {
  /** One-way delay, ms. */
  readonly delayMs: number;
  /** Uniform random addition to the delay, ms: datagrams overtake each other, streams keep their order. */
  readonly jitterMs: number;
  /** Share of packets lost, 0 to 1; a stream repeats a lost segment after 200 ms, doubling. */
  readonly lossRate: number;
  /** Share of datagrams that arrive twice, 0 to 1. */
  readonly duplicateRate: number;
}

export type SilenceDirection = 'to' | 'from' | 'both';

interface Silence {
  readonly name: string;
  readonly covers: InPlace;
  readonly direction: SilenceDirection;
}
interface Refusal {
  readonly name: string;
  readonly covers: InPlace;
  readonly reason: 'refused' | 'unreachable';
}
interface Partition {
  readonly names: readonly [string, string];
  readonly covers: readonly [InPlace, InPlace];
}

/** Everything that is wrong with the network right now. */
export interface Faults {
  silence(place: Place, direction: SilenceDirection): void;
  refuse(place: Place, reason: Refusal['reason']): void;
  partition(a: Place, b: Place): void;
  shape(place: Place, shape: Partial<LinkShape>): void;
  /** Ends the faults that were set under exactly this place (or its side of a partition); all of them without a place. */
  heal(place?: Place): void;
  /** Why a packet does not pass, if so. */
  blocked(from: Endpoint, to: Endpoint, protocol: Protocol): 'silence' | 'partition' | undefined;
  refuses(to: Endpoint, protocol: Protocol): Refusal['reason'] | undefined;
  shapeOf(from: Endpoint, to: Endpoint, protocol: Protocol): LinkShape;
}

export function createFaults(base: LinkShape): Faults {
  let silences: Silence[] = [];
  let refusals: Refusal[] = [];
  let partitions: Partition[] = [];
  const shapes = new Map<string, { readonly covers: InPlace; readonly shape: Partial<LinkShape> }>();

  return {
    silence(place, direction) {
      silences.push({ name: formatPlace(place), covers: readPlace(place), direction });
    },
    refuse(place, reason) {
      refusals.push({ name: formatPlace(place), covers: readPlace(place), reason });
    },
    partition(a, b) {
      partitions.push({ names: [formatPlace(a), formatPlace(b)], covers: [readPlace(a), readPlace(b)] });
    },
    shape(place, shape) {
      shapes.set(formatPlace(place), { covers: readPlace(place), shape });
    },
    heal(place) {
      const name = place === undefined ? undefined : formatPlace(place);
      const stays = (other: string): boolean => name !== undefined && other !== name;
      silences = silences.filter((fault) => stays(fault.name));
      refusals = refusals.filter((fault) => stays(fault.name));
      partitions = partitions.filter((fault) => fault.names.every(stays));
      for (const key of [...shapes.keys()]) if (!stays(key)) shapes.delete(key);
    },
    blocked(from, to, protocol) {
      const silent = silences.some(
        ({ covers, direction }) =>
          (direction !== 'from' && covers(to, protocol)) || (direction !== 'to' && covers(from, protocol)),
      );
      if (silent) return 'silence';
      const apart = partitions.some(
        ({ covers: [a, b] }) => (a(from, protocol) && b(to, protocol)) || (b(from, protocol) && a(to, protocol)),
      );
      return apart ? 'partition' : undefined;
    },
    refuses: (to, protocol) => refusals.find(({ covers }) => covers(to, protocol))?.reason,
    shapeOf(from, to, protocol) {
      let shape = base;
      for (const rule of shapes.values()) {
        if (rule.covers(from, protocol) || rule.covers(to, protocol)) shape = { ...shape, ...rule.shape };
      }
      return shape;
    },
  };
}
