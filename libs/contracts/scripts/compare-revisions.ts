import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AvroDocument, fullNameOf, incompatibilities, parseDocument } from './compatibility.ts';

/** What a comparison of the working tree with earlier commits found. */
export interface Comparison {
  /** One line per incompatible change; empty when records can be exchanged both ways. */
  readonly problems: readonly string[];
  /** What a person should know although it is no fault. */
  readonly notes: readonly string[];
  /** How many pairs of schemas were compared. */
  readonly compared: number;
}

/** The folder of schemas, seen through git. */
interface Repository {
  readonly git: (...args: string[]) => string | undefined;
  readonly schemasDir: string;
}

/**
 * Compares the schemas in `schemasDir` (inside a git repository) with those of `base`, by default of main; when main is what is
 * checked out, also with the commit before it, so that the check means something on main itself.
 * @throws Error when a schema is not JSON, or when `base` is given and has no schemas.
 */
export function compareWithMain(schemasDir: string, base?: string): Comparison {
  const repository: Repository = { schemasDir, git: (...args) => runGit(schemasDir, args) };
  const revisions = base === undefined ? baseRevisions(repository) : [base];
  const current = schemasOfWorkingTree(schemasDir);
  const results = revisions.map((revision) => {
    const former = schemasOf(repository, revision);
    if (former.size === 0 && base !== undefined) throw new Error(`there are no schemas in revision ${base}`);
    return compare(former, current, revision);
  });
  return {
    problems: results.flatMap((result) => result.problems),
    notes: results.flatMap((result) => result.notes),
    compared: results.reduce((sum, result) => sum + result.compared, 0),
  };
}

function compare(
  former: ReadonlyMap<string, AvroDocument>,
  current: ReadonlyMap<string, AvroDocument>,
  revision: string,
): Comparison {
  const problems: string[] = [];
  const notes: string[] = [];
  let compared = 0;
  for (const [name, before] of former) {
    const now = current.get(name);
    if (now === undefined) {
      notes.push(`${name} is in ${revision} and no longer here`);
      continue;
    }
    compared += 1;
    for (const reason of incompatibilities(before, now))
      problems.push(`${name}: not compatible with ${revision}: ${reason}`);
  }
  return { problems, notes, compared };
}

function baseRevisions({ git }: Repository): string[] {
  const main = ['origin/main', 'main'].find((name) =>
    git('rev-parse', '--verify', '--quiet', `${name}^{commit}`),
  );
  if (main === undefined) return ['HEAD'];
  return git('rev-parse', 'HEAD') === git('rev-parse', main) ? [main, `${main}~1`] : [main];
}

function schemasOfWorkingTree(schemasDir: string): Map<string, AvroDocument> {
  const files = readdirSync(schemasDir, { recursive: true, encoding: 'utf8' }).filter(isSchema);
  return byName(files.map((file) => [file, readFileSync(join(schemasDir, file), 'utf8')]));
}

function schemasOf({ git }: Repository, revision: string): Map<string, AvroDocument> {
  const listed = git('ls-tree', '-r', '--name-only', revision, '--', '.') ?? '';
  const files = listed.split('\n').filter(isSchema);
  return byName(files.map((file) => [file, git('show', `${revision}:./${file}`) ?? '']));
}

function byName(files: readonly (readonly [file: string, text: string])[]): Map<string, AvroDocument> {
  return new Map(
    files.map(([file, text]) => {
      const document = parseDocument(text, file);
      return [fullNameOf(document), document];
    }),
  );
}

function isSchema(file: string): boolean {
  return file.endsWith('.avsc');
}

/** undefined when git refuses: no such revision, or no repository at all. */
function runGit(cwd: string, args: readonly string[]): string | undefined {
  try {
    return execFileSync('git', args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return undefined;
  }
}
