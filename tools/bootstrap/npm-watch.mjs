import { readFileSync } from 'node:fs';

/**
 * Whether the npm that started this process is still there, asked again at every call. Always true when npm did not start it:
 * a command that somebody leaves running may outlive its shell. A dead parent is known by the parent that the system puts in
 * its place. npm's child is a shell or, where that shell gave its place away, this process.
 *
 * @param {NodeJS.ProcessEnv} [environment]
 * @returns {() => boolean}
 */
export function watchNpm(environment = process.env) {
  // On Windows nobody takes a dead parent's place.
  if (environment.npm_lifecycle_event === undefined || process.platform === 'win32') return () => true;
  const begun = ancestors();
  return () => ancestors() === begun;
}

/** Our parent, and npm above it when our parent is npm's shell. Where there is no /proc, only our parent. */
function ancestors() {
  const parent = process.ppid;
  try {
    const stat = readFileSync(`/proc/${parent}/stat`, 'utf8');
    // proc(5): the name is in parentheses and may hold spaces; the parent is the second field after it.
    const name = stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')'));
    const [, grandparent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return /^(?:a|ba|da|k|z)?sh$/.test(name) ? `${parent} of ${grandparent}` : String(parent);
  } catch {
    return String(parent);
  }
}
