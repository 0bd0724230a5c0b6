import { takeoverSchema } from '@offhook/core';

export const defaultTiming = takeoverSchema.parse(undefined);
/** For networks without long pauses. */
export const fastTiming = takeoverSchema.parse({ heartbeatMs: 300, leaseMs: 900, fenceMs: 1_800 });
