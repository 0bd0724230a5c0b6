export { describeDecision } from './decision.ts';
export { createActorHost, type LineHost } from './host.ts';
export { lineMachine } from './line.machine.ts';
export { createLine, type Line, type LineOptions, type Refusal } from './line.ts';
export type { CallFact } from './live-call.ts';
export { dualRegistration } from './mechanisms.ts';
export { createPooledHost } from './pooled-host.ts';
export { registrationMachine } from './registration.machine.ts';
export type { Explanation, LegStatus, LineStatus } from './status.ts';
