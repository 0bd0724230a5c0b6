export { type EdgeStats, edgeCounters } from './counters.ts';
export { createEdge, type Edge, type EdgeOptions, type Fence, type ListenAddress } from './edge.ts';
export type { EdgeLimits } from './limits.ts';
