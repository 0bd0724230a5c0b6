import type { Ambient, ListenOptions, Protocol, Transport } from '@offhook/core';
import { createDatagramTransport, type DatagramNetwork, type DatagramPort } from './wire-datagram.ts';
import { createFaults, type LinkShape, type SilenceDirection } from './wire-faults.ts';
import { type Place, readPlace } from './wire-place.ts';
import { createPorts } from './wire-ports.ts';
import { createWireRecord, type WireRecord } from './wire-record.ts';
import { createStreamTransport, type StreamNetwork, type StreamPort } from './wire-stream.ts';
import { createTraffic } from './wire-traffic.ts';

export interface WireTransportOptions extends ListenOptions {
  readonly protocol: Protocol;
  /** Streams: longest piece a message arrives in, bytes; whole messages unless told. */
  readonly segmentBytes?: number;
}

/**
 * A virtual network. Hosts attach by binding transports; every packet is recorded. An address nobody ever bound swallows packets;
 * a closed port of a known host refuses them. Faults act at run time and are named by the place they were set on.
 */
export interface Wire extends WireRecord {
  /** A transport at an address; `start` binds it. Port 0 takes a free one. */
  transport(options: WireTransportOptions): Transport;
  /** Packets to (and from) the place vanish; streams stall until it is healed. */
  silence(place: Place, direction?: SilenceDirection): void;
  /** The place answers datagrams with ICMP errors one round trip later, resets connection attempts, and drops its connections. */
  refuse(place: Place, reason?: 'refused' | 'unreachable'): void;
  /** Nothing passes between the two places. */
  partition(a: Place, b: Place): void;
  /** Changes delay, jitter, loss or duplication of every link that touches the place. */
  shape(place: Place, shape: Partial<LinkShape>): void;
  /** Ends the faults and shapes set on exactly this place; all of them without a place. Stalled streams go on. */
  heal(place?: Place): void;
  /** The place ends its stream connections: with FIN (`closed`) or RST (`reset`). */
  hangUp(place: Place, how?: 'closed' | 'reset'): void;
  /** Empties the record of packets, so that a world can live for days. */
  forgetPackets(): void;
  /** Stream connections open now. */
  readonly connections: number;
}

/** A wire without delay and loss unless told; everything random on it is drawn from the ambient. */
export function createWire(ambient: Ambient, shape: Partial<LinkShape> = {}): Wire {
  const faults = createFaults({ delayMs: 0, jitterMs: 0, lossRate: 0, duplicateRate: 0, ...shape });
  const traffic = createTraffic(ambient, faults);
  const hosts = new Set<string>();
  const hostExists = (host: string): boolean => hosts.has(host);
  const datagrams: DatagramNetwork = { traffic, hostExists, ports: createPorts<DatagramPort>(hosts) };
  const streams: StreamNetwork = { traffic, hostExists, ports: createPorts<StreamPort>(hosts), ends: new Set() };

  function hangUp(place: Place, how: 'closed' | 'reset' = 'closed'): void {
    const covers = readPlace(place);
    for (const end of [...streams.ends]) if (covers(end.local, end.protocol)) end.cut(how, `${how} by the wire`);
  }

  return {
    ...createWireRecord(traffic.packets),
    transport: ({ protocol, segmentBytes, ...listen }) =>
      protocol === 'udp'
        ? createDatagramTransport(datagrams, listen)
        : createStreamTransport(streams, { ...listen, protocol, ...(segmentBytes !== undefined && { segmentBytes }) }),
    silence: (place, direction = 'both') => faults.silence(place, direction),
    refuse(place, reason = 'refused') {
      faults.refuse(place, reason);
      hangUp(place, 'reset');
    },
    partition: faults.partition,
    shape: faults.shape,
    heal(place) {
      faults.heal(place);
      traffic.release();
    },
    hangUp,
    forgetPackets: traffic.forget,
    get connections() {
      return streams.ends.size / 2;
    },
  };
}
