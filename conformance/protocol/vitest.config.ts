import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['conformance/protocol/{node,compatibility}/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    pool: 'forks',
    maxWorkers: 1,
  },
});
