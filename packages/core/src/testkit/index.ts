export { busKit } from './bus-kit.ts';
export type { BusSubject } from './bus-subject.ts';
export { type Closable, type ConformanceCase, casesFor, type Kit, type Mutants, runCase, runKit } from './kit.ts';
export { busMutants } from './mutants/bus.ts';
export { transportMutants } from './mutants/transport.ts';
export type { TransportTrait } from './transport-case.ts';
export { transportKit } from './transport-kit.ts';
export { HostRecorder, type Stranger, sampleMessage, type TransportSubject } from './transport-subject.ts';
