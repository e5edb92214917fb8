/**
 * Refuses a schema that records already written could not be read with, or whose records the running version could not read
 * (FULL): compares `schemas/` of the working tree with main. The registry repeats the check against every version ever
 * registered when apps/setup runs.
 *
 * Usage: `node libs/contracts/scripts/check-compatibility.ts [--base <git revision>]`. Exit 0: compatible, or nothing to compare
 * with; 1: not compatible.
 */
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { compareWithMain } from './compare-revisions.ts';

const schemasDir = join(dirname(fileURLToPath(import.meta.url)), '..', 'schemas');
const { values } = parseArgs({ options: { base: { type: 'string' } } });
const { problems, notes, compared } = compareWithMain(schemasDir, values.base);

for (const note of notes) process.stdout.write(`note: ${note}\n`);
for (const problem of problems) process.stderr.write(`${problem}\n`);
if (problems.length > 0) {
  process.stderr.write(
    `${problems.length} incompatible change(s) in ${relative(process.cwd(), schemasDir) || '.'}. ` +
      'Add fields with a default; never remove one without a default, rename or retype one.\n',
  );
  process.exitCode = 1;
} else {
  process.stdout.write(
    compared > 0
      ? `schemas: ${compared} comparisons with main, all compatible both ways\n`
      : 'schemas: nothing on main to compare with\n',
  );
}
