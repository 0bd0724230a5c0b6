export { type ClusterConnectionOptions, type ClusterConnections, connectCluster } from './cluster-connections.ts';
export { type ConnectionOptions, createNatsBus, type NatsBusOptions } from './connect.ts';
export type { Credentials } from './credentials.ts';
export { type KeyValueOptions, type NatsKeyValues, openNatsKeyValues } from './key-values.ts';
export { natsBusManifest } from './manifest.ts';
export type { NatsBus, NatsBusStatus } from './nats-bus.ts';
export type { Dropped } from './outbox.ts';
export { announceService, type Service, type ServiceEndpoint, type ServiceOptions } from './service.ts';
