import { join, resolve } from 'node:path';

/** The root of the checkout: the folder with package.json. */
export const repositoryRoot = resolve(import.meta.dirname, '../..');

/** Everything that the commands keep on disk; ignored by git. `lib` outlives `--fresh`, `data` does not. */
export interface StatePaths {
  readonly root: string;
  /** Kafka and the schema registry as downloaded; shared by every start and every test run of this checkout. */
  readonly lib: string;
  /** What Kafka and PostgreSQL wrote for `npm start`. */
  readonly data: string;
  readonly logs: string;
  /** One folder per running test infrastructure; see `infra/leases.ts`. */
  readonly testRuns: string;
  readonly secretsFile: string;
  readonly runFile: string;
  readonly sandboxFile: string;
}

/** Lays out the state folder of a checkout (`.ledgerwire` under `root` unless another folder is given). */
export function statePaths(root: string = join(repositoryRoot, '.ledgerwire')): StatePaths {
  return {
    root,
    lib: join(root, 'lib'),
    data: join(root, 'data'),
    logs: join(root, 'logs'),
    testRuns: join(root, 'test-runs'),
    secretsFile: join(root, 'secrets.json'),
    runFile: join(root, 'run.json'),
    sandboxFile: join(root, 'sandbox.json'),
  };
}
