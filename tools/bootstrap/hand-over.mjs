import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { environmentFor } from './node-choice.mjs';

const WATCH_MS = 1_000;

/**
 * Runs a script under the chosen Node and waits for its end. It is asked to end when we are, and when npm has gone: npm passes
 * a signal on to its shell alone, which dies of it without a word to us, and a killed npm tells nobody.
 *
 * @param {{ root: string, nodePath: string, script: string, args: readonly string[], npmIsThere: () => boolean }} task
 * @returns {Promise<number>} the exit code; 128 and the signal's number when a signal ended it
 */
export async function handOver({ root, nodePath, script, args, npmIsThere }) {
  if (!npmIsThere()) return exitCodeOf('SIGTERM');
  const child = spawn(nodePath, ['--disable-warning=ExperimentalWarning', script, ...args], {
    cwd: root,
    env: environmentFor(nodePath),
    stdio: 'inherit',
  });
  let asked = false;
  const forward = (signal) => {
    asked = true;
    child.kill(signal);
  };
  process.on('SIGINT', () => {
    // In a terminal Ctrl-C reaches the child by itself; a second copy would count as "stop at once".
    if (process.stdin.isTTY) asked = true;
    else forward('SIGINT');
  });
  process.on('SIGTERM', forward);
  process.on('SIGHUP', forward);
  const watch = setInterval(() => {
    if (!asked && !npmIsThere()) forward('SIGTERM');
  }, WATCH_MS);
  try {
    return await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, signal) => resolve(code ?? exitCodeOf(signal)));
    });
  } finally {
    clearInterval(watch);
  }
}

function exitCodeOf(signal) {
  return 128 + (constants.signals[signal] ?? 0);
}
