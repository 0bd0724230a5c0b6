import { mergeConfig } from 'vitest/config';
import shared from '../vitest.shared.ts';

/** The bench is compiled, like what it measures: first of all it is brought up to date. */
export default mergeConfig(shared, { test: { globalSetup: ['../vitest.build.ts'] } });
