import { defineConfig } from 'vitest/config';

/** The checks of the house: they read the whole repository and are never replayed. */
export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['scripts/**/*.test.ts'],
    allowOnly: false,
    testTimeout: 180_000,
    reporters: ['default', 'json'],
    outputFile: { json: 'reports/vitest.json' },
  },
});
