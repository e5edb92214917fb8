import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { basename, delimiter, dirname, join } from 'node:path';
import { BootstrapError } from './errors.mjs';
import { environmentFor } from './node-choice.mjs';

/**
 * Finds npm's own program, so that it can run under any Node: the npm that runs this command, else the one that came with
 * Node, else the `npm` on the PATH. Another package manager's program in npm_execpath does not count.
 *
 * @param {NodeJS.ProcessEnv} environment
 * @param {string} nodePath
 * @param {(path: string) => boolean} [exists]
 */
export function findNpm(environment, nodePath, exists = existsSync) {
  const running = environment.npm_execpath;
  const besideNode = dirname(nodePath);
  const candidates = [
    ...(running !== undefined && basename(running) === 'npm-cli.js' ? [running] : []),
    join(besideNode, '../lib/node_modules/npm/bin/npm-cli.js'),
    join(besideNode, 'node_modules/npm/bin/npm-cli.js'),
    ...npmOnPath(environment, exists),
  ];
  const found = candidates.find((path) => exists(path));
  if (found !== undefined) return found;
  throw new BootstrapError(
    'npm was not found. Install it (it comes with Node.js; on Debian: apt-get install npm) and run "npm start" again.',
  );
}

function npmOnPath(environment, exists) {
  const folders = (environment.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders
    .map((folder) => join(folder, 'npm'))
    .flatMap((path) => {
      if (!exists(path)) return [];
      const real = realpathSync(path);
      return basename(real) === 'npm-cli.js' ? [real] : [];
    });
}

/**
 * Runs npm under the given Node without showing its output.
 *
 * @throws {BootstrapError} with what npm said, when it fails.
 */
export async function runNpm(nodePath, args, folder, environment = process.env) {
  const npm = findNpm(environment, process.execPath);
  // npm start hands its own settings down as npm_config_…; a setting of the outer run must not leave the tools out.
  const inherited = {
    ...environmentFor(nodePath, environment),
    npm_config_include: 'dev',
    npm_config_loglevel: 'error',
  };
  delete inherited.NODE_ENV;
  const child = spawn(nodePath, [npm, ...args], {
    cwd: folder,
    env: inherited,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const keep = (chunk) => {
    output += chunk;
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code === 0) return;
  throw new BootstrapError(`"npm ${args.join(' ')}" failed in ${folder}:\n${gist(output)}`);
}

/** The first lines of what npm calls errors: they say what is wrong; pages of usage follow them. */
function gist(output) {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  const errors = lines.filter((line) => /^npm (error|ERR!) ?\S/.test(line));
  return (errors.length > 0 ? errors : lines).slice(0, 12).join('\n');
}
