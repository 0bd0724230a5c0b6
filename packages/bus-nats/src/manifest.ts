import type { PluginManifest } from '@offhook/core';

export const natsBusManifest: PluginManifest = Object.freeze({ name: 'nats', kind: 'bus', api: 1 });
