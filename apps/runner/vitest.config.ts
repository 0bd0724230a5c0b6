import { mergeConfig } from 'vitest/config';
import shared from '../../vitest.shared.ts';

/**
 * The command is tested as it is shipped, compiled: first of all it is brought up to date. Two files at a time, since the demo
 * spends most of its time waiting.
 */
export default mergeConfig(shared, { test: { globalSetup: ['../../vitest.build.ts'], maxWorkers: 2 } });
