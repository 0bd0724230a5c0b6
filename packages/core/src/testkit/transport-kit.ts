import type { Kit } from './kit.ts';
import { commonTransportCases } from './transport-common-cases.ts';
import { datagramTransportCases } from './transport-datagram-cases.ts';
import { streamTransportCases } from './transport-stream-cases.ts';
import type { TransportSubject } from './transport-subject.ts';

/**
 * The conformance suite of the Transport contract. Traits: `datagram`, or `stream` with either `per-owner` (a connection per line and
 * leg) or `shared`, and either `gives-up` (on a message that is not whole in time; every real network needs that) or `waits`.
 */
export const transportKit: Kit<TransportSubject> = [...commonTransportCases, ...datagramTransportCases, ...streamTransportCases];
