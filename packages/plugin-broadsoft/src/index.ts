export { create } from './broadsoft.policy.ts';
export { manifest } from './manifest.ts';
