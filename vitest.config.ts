import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/support/property-seed.ts'],
    globalSetup: ['test/support/temporary-folder.ts', 'test/support/report-tested-servers.ts'],
    // Servers are started and keys made in hooks; a busy two-core machine takes its time.
    // By default one core is left free; the servers under test wait more than they work.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
