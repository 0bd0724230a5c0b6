export { type CallFact, describeDecision, type Explanation, type LegStatus, type LineStatus } from '@offhook/line-actor';
export { createRuntime, type Fact, type Role, type Runtime, type RuntimeOptions, sendCommand } from './create-runtime.ts';
export { createHostLocator } from './host-locator.ts';
