export { type TransportCase, type TransportTrait } from './transport-case.ts';
export { transportCases, transportKit } from './transport-kit.ts';
export { HostRecorder, sampleMessage, type Stranger, type TransportSubject } from './transport-subject.ts';
export { transportMutants } from './mutants/transport.ts';
