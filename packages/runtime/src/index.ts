export type { EdgeStats } from '@offhook/edge';
export {
  type Attempt,
  type CallFact,
  describeDecision,
  type Explanation,
  type Formula,
  type LegStatus,
  type LineStatus,
  type MailboxStatus,
  type PlannedMove,
  ruleSentence,
} from '@offhook/line-actor';
export { addCounters } from './add-counters.ts';
export { type BusApiChannel, type BusApiMessage, type BusApiOperation, busApi } from './bus-api/channels.ts';
export { asyncApi } from './bus-api/document.ts';
export {
  type ApplyReport,
  createRuntime,
  type Role,
  type Runtime,
  type RuntimeCounters,
  type RuntimeOptions,
  sendCommand,
} from './create-runtime.ts';
export { createDefaultLocator } from './default-locator.ts';
export { type Fact, followFacts } from './facts.ts';
export { createHostLocator } from './host-locator.ts';
export type { MechanismAnswer } from './line-settings.ts';
export { type LoadedPlugins, loadPlugins } from './load-plugins.ts';
export type { TransportPlugin } from './plugin-transport.ts';
export { judgedMechanisms } from './policies.ts';
export type { LineChange } from './supervised-line.ts';
export type { AppliedLine, LineCounters } from './supervisor.ts';
