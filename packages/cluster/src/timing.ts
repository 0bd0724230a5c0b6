import type { TakeoverConfig } from '@offhook/core';

/** How fast a cluster notices that one of its members is gone, and how fast lines move. All members have the same. */
export type ClusterTiming = Omit<TakeoverConfig, 'registersPerS'>;
