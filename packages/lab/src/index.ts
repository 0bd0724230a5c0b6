/** Virtual worlds, a lossy wire and scripted peers: for demos, drills, tests and benchmarks. No phone code lives here. */

export type { Binding, GrantRules } from './bindings.ts';
export { type CorpusPlace, fuzzCorpus } from './fuzz/corpus.ts';
export { createFuzzer, describeFinding, type Fuzzer, type FuzzerOptions, shrink } from './fuzz/fuzzer.ts';
export { lendGlobalTimers } from './global-timers.ts';
export { startLabRegistrar } from './lab-registrar.ts';
export type { Listening } from './links.ts';
export type { Mailboxes, MailboxSubscription, NotifyDraft } from './mailboxes.ts';
export { type NonsenseKind, nonsenseKinds } from './nonsense.ts';
export { createRandom, type Random } from './random.ts';
export { createRegistrar } from './registrar.ts';
export type { Registrar, RegistrarOptions, RegistrarSettings, SeenFilter, SeenRequest } from './registrar.types.ts';
export type { AnswerOptions, AnswerStep, ScriptOptions } from './registrar-script.ts';
export { checkNames } from './scenario/check-names.ts';
export { createFleetCounter, type Fleet, multiplyLines } from './scenario/fleet.ts';
export { outcomeOf } from './scenario/outcome.ts';
export type * from './scenario/outcome.types.ts';
export { type PlayOptions, playScenario } from './scenario/play.ts';
export { type Drill, type DrillReading, readDrill } from './scenario/read-drill.ts';
export type * from './scenario/timeline.types.ts';
export { describeMedia, type MediaDescription } from './sdp.ts';
export { createUserAgent } from './user-agent.ts';
export type { CalleePlan, CallOptions, CallState, ScriptedCall, UserAgent, UserAgentOptions } from './user-agent.types.ts';
export { readVectors, type VectorReading } from './vectors/read-vectors.ts';
export { runVector, type VectorResult } from './vectors/run-vector.ts';
export type { Vector } from './vectors/schema.ts';
export { createVirtualAmbient, type LogRecord, type VirtualAmbient, type VirtualAmbientOptions } from './virtual-ambient.ts';
export { createWire, type Wire, type WireTransportOptions } from './wire.ts';
export type { LinkShape, SilenceDirection } from './wire-faults.ts';
export type { Place } from './wire-place.ts';
export type {
  LossReason,
  Packet,
  PacketFilter,
  RequestFilter,
  RequestPacket,
  ResponseFilter,
  ResponsePacket,
  WireRecord,
} from './wire-record.ts';
export { createWorld, dualLine, singleLine, worldPassword } from './world.ts';
export type { PartyOptions, SentFilter, Side, World, WorldFact, WorldLine, WorldOptions } from './world.types.ts';
export { worldAddresses, worldDomain } from './world-sent.ts';

/** The vectors of the redundancy reference: YAML files, one for each section. */
export const vectorFolder: URL = new URL('../vectors/', import.meta.url);
