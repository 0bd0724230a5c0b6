import { defineConfig } from 'vitest/config';

/**
 * One test configuration for every workspace: own and sibling packages are tested from source.
 * Suites against real peers run after all others and one file at a time, since they measure time on the wire.
 */
export default defineConfig({
  resolve: { conditions: ['@offhook/source'] },
  ssr: { resolve: { conditions: ['@offhook/source'] } },
  test: {
    allowOnly: false,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    reporters: ['default', 'json'],
    outputFile: { json: 'reports/vitest.json' },
    projects: [
      {
        extends: true,
        test: {
          name: 'tests',
          include: ['*.test.ts', 'src/**/*.test.ts', 'test/**/*.test.ts', 'test/**/*.spec.ts'],
          exclude: ['test/peers/**'],
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'peers',
          include: ['test/peers/**/*.test.ts'],
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
