import type { TransportCase, TransportTrait } from './transport-case.ts';
import { commonTransportCases } from './transport-common-cases.ts';
import { datagramTransportCases } from './transport-datagram-cases.ts';
import { streamTransportCases } from './transport-stream-cases.ts';

/** The conformance suite of the Transport contract. */
export const transportKit: readonly TransportCase[] = [
  ...commonTransportCases,
  ...datagramTransportCases,
  ...streamTransportCases,
];

/** The cases that apply to a transport with these traits: for each one it lacks, the opposite case is among them. */
export const transportCases = (traits: readonly TransportTrait[]): readonly TransportCase[] =>
  transportKit.filter(({ needs = [] }) => needs.every((need) => traits.includes(need)));
