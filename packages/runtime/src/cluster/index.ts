export type { LoadedPlugins } from '../load-plugins.ts';
export { createClusterEdge } from './edge.ts';
export { createClusterHost } from './host.ts';
export { type ClusterMember, type ClusterMemberOptions, type MemberStatus, memberCommands } from './member.ts';
