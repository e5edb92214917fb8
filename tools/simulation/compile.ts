import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runNode } from '../checks/step.ts';
import { repositoryRoot } from '../lib/paths.ts';
import { UserError } from '../lib/user-error.ts';

/**
 * Compiles apps, libs and the simulation of a checkout into its `.ledgerwire/simulation` and returns the program of a worker.
 * Apart from `dist`, because the simulation does not belong into what is deployed, and because a checkout may be simulated
 * while its services run.
 *
 * @throws UserError when the folder is no checkout or does not compile.
 */
export async function compileSimulation(tree: string): Promise<string> {
  if (!existsSync(join(tree, 'test/simulation'))) {
    throw new UserError(`${tree} is no checkout of this project: it has no test/simulation`);
  }
  const out = join(tree, '.ledgerwire/simulation');
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const imports = { '#libs/*': './dist/libs/*/src/index.js' };
  writeFileSync(join(out, 'package.json'), JSON.stringify({ type: 'module', imports }));
  const { code, output } = await runNode(
    [
      join(repositoryRoot, 'node_modules/@swc/cli/bin/swc.js'),
      'apps',
      'libs',
      'test/simulation',
      '-d',
      join(out, 'dist'),
      '--ignore',
      '**/*.spec.ts',
      '--quiet',
    ],
    { checkout: tree },
  );
  if (code !== 0) throw new UserError(`${tree} does not compile:\n${output}`);
  return join(out, 'dist/test/simulation/simulation-worker.js');
}
