import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BootstrapError } from './errors.mjs';
import { handOver } from './hand-over.mjs';
import { withLock } from './lock.mjs';
import { chooseNode } from './node-choice.mjs';
import { watchNpm } from './npm-watch.mjs';
import { runNpm } from './npm.mjs';
import { build, installDependencies } from './prepare.mjs';
import { report } from './report.mjs';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/**
 * `node tools/bootstrap.mjs <command> [arguments]`: makes Node 24, the dependencies and the build ready, then runs
 * `tools/<command>.ts` under Node 24. Each of the three does nothing when nothing changed.
 *
 * @param {string[]} argv
 * @returns {Promise<number>} the exit code
 */
export async function main([name = '', ...args]) {
  const script = commandScript(name);
  if (script === undefined) {
    process.stderr.write(`There is no command "${name}" (looked for tools/${fileName(name)}.ts).\n`);
    return 1;
  }
  if (args.includes('--help') || args.includes('-h')) {
    const help = script.replace(/\.ts$/, '.help.txt');
    if (existsSync(help)) {
      process.stdout.write(readFileSync(help, 'utf8'));
      return 0;
    }
  }
  const npmIsThere = watchNpm();
  try {
    const node = await prepare();
    return await handOver({ root, nodePath: node.path, script, args, npmIsThere });
  } catch (error) {
    if (!(error instanceof BootstrapError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return 1;
  }
}

/** `test:faults` is the command in tools/test-faults.ts. */
function fileName(name) {
  return name.replaceAll(':', '-');
}

function commandScript(name) {
  if (!/^[a-z][a-z:-]*$/.test(name)) return undefined;
  const script = join(root, 'tools', `${fileName(name)}.ts`);
  return existsSync(script) ? script : undefined;
}

/** One command at a time prepares; a second one waits and then finds everything done. */
async function prepare() {
  const stateFolder = join(root, '.ledgerwire');
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const lock = join(stateFolder, 'prepare.lock');
  const work = async () => {
    const node = await chooseNode({ root, stateFolder, engines: engines.node, runNpm, report });
    await installDependencies({ root, node, runNpm, report });
    await build({ root, node, runNpm, report });
    return node;
  };
  const onWait = (pid) =>
    process.stderr.write(
      `… waiting for another command of this checkout (process ${pid ?? 'unknown'}, lock ${lock})\n`,
    );
  return withLock(lock, work, { onWait });
}
