export * from './ambient.ts';
export * from './bus/envelope.ts';
export { createMemoryBus, type MemoryBusOptions } from './bus/memory-bus.ts';
export { type PendingRequest, RequestTable } from './bus/request-table.ts';
export { assertMessage, assertQueue, maxMessageBytes, readPattern, readSubject, readToken } from './bus/rules.ts';
export * from './bus/subjects.ts';
export type { ResolveSecret } from './config/build-lines.ts';
export type { BusConfig, BusTls } from './config/bus.ts';
export {
  type ElementName,
  elementOf,
  extParameters,
  type Parameter,
  parameterByElement,
  parameterByKey,
  phoneParameters,
} from './config/catalogue.ts';
export { type Change, type PlannedLine, planLines, type Staging, stageLine } from './config/change.ts';
export { readResolver } from './config/dns.ts';
export type { LimitsConfig } from './config/edge-limits.ts';
export type { EdgeTls } from './config/edge-tls.ts';
export { effectiveExpiryS, refreshDelayMs } from './config/expiry.ts';
export {
  type ConfigPath,
  describeFinding,
  type Finding,
  type FindingCode,
  formatPath,
  hasErrors,
  type Severity,
  type SourcePosition,
  showValue,
} from './config/finding.ts';
export {
  configuredHop,
  formatHop,
  hopField,
  hopOf,
  hopParameters,
  type NextHop,
  registersLine,
  registrarDomain,
} from './config/hop.ts';
export {
  defaultExt,
  type ExtConfig,
  type LineConfig,
  lineConfig,
  type PhoneConfig,
  type Preset,
  phoneConfig,
} from './config/line.ts';
export {
  hasRankedList,
  type LineMode,
  type LineModeReason,
  legsOf,
  lineMode,
  lineModeReason,
  sameServer,
  staticList,
} from './config/mode.ts';
export { isInNetwork, type Network, readAddress, readNetwork } from './config/network.ts';
export { createNotes, type Locate, type Notes } from './config/notes.ts';
export { outageFigures, outageFindings } from './config/outage-figures.ts';
export type { Apply, ParameterKind, ParameterMeta } from './config/parameter.ts';
export { parseRuntimeConfig, type ReadOptions, type RuntimeReading, readRuntimeConfig } from './config/read-runtime.ts';
export { invalidValue, readSection, type SectionValues } from './config/read-section.ts';
export { readValue, type SecretReference } from './config/read-value.ts';
export { matchesRsc, parseRscTemplate, type RscTemplate } from './config/rsc.ts';
export {
  type EdgeConfig,
  type EdgeListen,
  type LineInput,
  type RuntimeConfig,
  type RuntimeInput,
  runtimeJsonSchema,
} from './config/runtime-schema.ts';
export { noteIssues } from './config/schema-notes.ts';
export {
  defaultPort,
  isIpLiteral,
  isIpv6,
  parseServer,
  parseServerList,
  type ServerAddress,
  type ServerSpec,
  type StaticEntry,
} from './config/server.ts';
export { sharedBy } from './config/shared-by.ts';
export { didYouMean } from './config/suggest.ts';
export { type TakeoverConfig, takeoverSchema } from './config/takeover.ts';
export { type LineVerdict, validateLine } from './config/validate.ts';
export { type PhoneVerdict, validatePhone } from './config/validate-phone.ts';
export * from './contracts/bus.ts';
export * from './contracts/call-store.ts';
export * from './contracts/decision.ts';
export * from './contracts/key-value.ts';
export * from './contracts/line-store.ts';
export * from './contracts/locator.ts';
export * from './contracts/manifest.ts';
export * from './contracts/mechanism.ts';
export * from './contracts/ranked-list.ts';
export * from './contracts/transport.ts';
export * from './errors.ts';
export { hashText, spreadBits } from './hash.ts';
export * from './json/check-json.ts';
export * from './json/decision-schemas.ts';
export * from './json/envelope-schemas.ts';
export * from './json/facts-schemas.ts';
export { sameAs } from './json/same-as.ts';
export * from './json/shared-schemas.ts';
export * from './line-key.ts';
export {
  createPluginRegistry,
  type Plugin,
  type PluginCandidate,
  type PluginKind,
  type PluginRegistry,
} from './plugin/registry.ts';
export { aspectNames, aspects } from './policy/aspects.ts';
export {
  autoMechanism,
  enforcePolicies,
  judgePolicies,
  type LocateLine,
  type PolicyVerdict,
  policyFindings,
  ruledLine,
} from './policy/judge.ts';
export { knownMechanisms } from './policy/known.ts';
export { type Admission, admit, type Conflict, type ConflictSide, type Refusal } from './policy/registry.ts';
export { type Candidate, type CandidateList, candidateList, familiesOf, locateRequest } from './ranked/candidate-list.ts';
export { fallbackPlan } from './ranked/fallback-plan.ts';
export { decideOnList, nextForRequest, rankedListRule } from './ranked/list-rules.ts';
export { readListSettings } from './ranked/list-settings.ts';
export { nextServer } from './ranked/next-server.ts';
export {
  applyMethod,
  bothFamilies,
  byFamily,
  familyOf,
  orderRecords,
  type Preference,
  rankRecords,
  type ServerRecord,
} from './ranked/rank-records.ts';
export { type SystemAmbientOptions, systemAmbient, wallClockMs } from './system-ambient.ts';
