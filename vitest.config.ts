import swc from 'unplugin-swc';
import { defineConfig } from 'vitest/config';

/** Nest needs decorator metadata, which only SWC emits here; `source` makes `#libs/*` resolve to TypeScript. */
const shared = {
  plugins: [swc.vite({ module: { type: 'es6' } })],
  resolve: { conditions: ['source', 'node'] },
  ssr: { resolve: { conditions: ['source', 'node'] } },
  oxc: false as const,
};

/** How long a state is waited for. Only what never comes is to fail, not what a busy machine makes late. */
const patience = { poll: { timeout: 20_000, interval: 20 } };

/**
 * unit: `*.spec.ts`, no I/O beyond loopback. integration: `*.integration.spec.ts`, real Kafka, registry and PostgreSQL.
 * e2e: `test/e2e/*.e2e.spec.ts`, the built services as processes.
 */
export default defineConfig({
  test: {
    projects: [
      {
        ...shared,
        test: {
          name: 'unit',
          expect: patience,
          include: ['{apps,libs,tools,test}/**/*.spec.ts'],
          exclude: ['**/*.integration.spec.ts', '**/*.e2e.spec.ts', '**/node_modules/**', '**/dist/**'],
          // Only what hangs is to fail, not what a busy machine makes slow.
          testTimeout: 30_000,
          hookTimeout: 30_000,
        },
      },
      {
        ...shared,
        test: {
          name: 'integration',
          expect: patience,
          globalSetup: ['tools/infra/vitest-global-setup.ts'],
          include: ['{apps,libs,tools,test}/**/*.integration.spec.ts'],
          testTimeout: 120_000,
          hookTimeout: 180_000,
          maxWorkers: 2,
        },
      },
      {
        ...shared,
        test: {
          name: 'e2e',
          expect: patience,
          globalSetup: ['tools/infra/vitest-global-setup.ts'],
          include: ['test/e2e/**/*.e2e.spec.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
