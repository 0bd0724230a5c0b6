export { type Line, type LineOptions, createLine, type Refusal } from './line.ts';
export type { CallFact } from './live-call.ts';
export type { Explanation, LegStatus, LineStatus } from './status.ts';
export { describeDecision } from './decision.ts';
export { dualRegistration } from './mechanisms.ts';
export { lineMachine } from './line.machine.ts';
export { registrationMachine } from './registration.machine.ts';
export { createActorHost, type LineHost } from './host.ts';
