import type { Ambient, Endpoint, Protocol } from '@offhook/core';
import type { Faults } from './wire-faults.ts';
import { type LossReason, type Packet, PacketEntry } from './wire-record.ts';

/** What is put on the wire. */
export interface Load {
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly protocol: Protocol;
  readonly kind: Packet['kind'];
  readonly bytes?: Uint8Array;
}

/** How packets travel, and the record of them. */
export interface Traffic {
  readonly ambient: Ambient;
  readonly faults: Faults;
  readonly packets: readonly Packet[];
  /** Sends one packet of its own accord: it may be lost or doubled. */
  datagram(load: Load, arrive: (packet: PacketEntry) => void): void;
  /** Sends one segment of a stream: late instead of lost, in the order of its lane; a fault holds the lane up. */
  segment(lane: Lane, load: Load, arrive: () => void): void;
  /** Empties the record; what is under way still arrives. */
  forget(): void;
  /** Tries again what faults hold up, as the kernel's retransmission would. */
  release(): void;
}

/** One direction of a connection. */
export interface Lane {
  /** No further arrivals. */
  closed: boolean;
  /** Instant of the last arrival under way, ms. */
  arrivesAtMs: number;
  readonly underWay: (() => void)[];
  held: { readonly load: Load; readonly arrive: () => void }[];
}
export const createLane = (): Lane => ({ closed: false, arrivesAtMs: 0, underWay: [], held: [] });

const firstRetransmissionMs = 200;
const noBytes = new Uint8Array(0);

export function createTraffic(ambient: Ambient, faults: Faults): Traffic {
  const packets: PacketEntry[] = [];
  let sent = 0;
  const heldLanes = new Set<Lane>();

  function note({ from, to, protocol, kind, bytes = noBytes }: Load): PacketEntry {
    const packet = new PacketEntry({ seq: ++sent, atMs: ambient.now(), from, to, protocol, kind, bytes });
    packets.push(packet);
    return packet;
  }

  const chance = (rate: number): boolean => rate > 0 && ambient.random() < rate;

  const spread = (jitterMs: number): number => (jitterMs > 0 ? ambient.random() * jitterMs : 0);

  function later(delayMs: number, task: () => void): void {
    if (delayMs > 0) ambient.setTimer(task, delayMs);
    else ambient.defer(task);
  }

  /** Arrival of a packet that left: a fault set meanwhile still stops it. */
  function land(packet: PacketEntry, arrive: (packet: PacketEntry) => void): void {
    const blocked = faults.blocked(packet.from, packet.to, packet.protocol);
    if (blocked !== undefined) packet.dropped = blocked;
    else {
      packet.deliveredAtMs = ambient.now();
      arrive(packet);
    }
  }

  function datagram(load: Load, arrive: (packet: PacketEntry) => void): void {
    const { delayMs, jitterMs, lossRate, duplicateRate } = faults.shapeOf(load.from, load.to, load.protocol);
    const copies = chance(duplicateRate) ? 2 : 1;
    for (let copy = 0; copy < copies; copy++) {
      const packet = note(load);
      const dropped: LossReason | undefined =
        faults.blocked(load.from, load.to, load.protocol) ?? (chance(lossRate) ? 'loss' : undefined);
      if (dropped !== undefined) packet.dropped = dropped;
      else later(delayMs + spread(jitterMs), () => land(packet, arrive));
    }
  }

  function segment(lane: Lane, load: Load, arrive: () => void): void {
    const { delayMs, jitterMs, lossRate } = faults.shapeOf(load.from, load.to, load.protocol);
    const packet = note(load);
    const blocked = faults.blocked(load.from, load.to, load.protocol);
    if (blocked !== undefined || lane.held.length > 0) {
      packet.dropped = blocked ?? 'silence';
      lane.held.push({ load, arrive });
      heldLanes.add(lane);
      return;
    }
    let repeatedMs = 0;
    for (let rtoMs = firstRetransmissionMs; lossRate < 1 && chance(lossRate); rtoMs *= 2) repeatedMs += rtoMs;
    const nowMs = ambient.now();
    lane.arrivesAtMs = Math.max(lane.arrivesAtMs, nowMs + delayMs + repeatedMs + spread(jitterMs));
    lane.underWay.push(() => {
      if (lane.closed) {
        packet.dropped = 'closed';
        return;
      }
      packet.deliveredAtMs = ambient.now();
      arrive();
    });
    // Each arrival takes the oldest segment under way: order never hangs on the last bit of an instant.
    ambient.setTimer(() => lane.underWay.shift()?.(), lane.arrivesAtMs - nowMs);
  }

  function release(): void {
    const lanes = [...heldLanes];
    heldLanes.clear();
    for (const lane of lanes) {
      const held = lane.held;
      lane.held = [];
      if (!lane.closed) for (const { load, arrive } of held) segment(lane, load, arrive);
    }
  }

  const forget = (): void => {
    packets.length = 0;
  };

  return { ambient, faults, packets, datagram, segment, forget, release };
}
