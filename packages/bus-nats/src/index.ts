export { createNatsBus, type NatsBusOptions } from './connect.ts';
export { natsBusManifest } from './manifest.ts';
export type { NatsBus, NatsBusStatus } from './nats-bus.ts';
