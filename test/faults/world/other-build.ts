import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from '../../../tools/lib/paths.ts';
import { runNode } from '../../../tools/checks/step.ts';
import type { Edit } from '../../../tools/mutants/mutant.ts';
import { makeMutatedCheckout, type MutatedCheckout } from '../../../tools/mutants/mutated-checkout.ts';
import { setupEnvironment } from '../../../tools/services.ts';
import type { World } from './world.ts';

const SCHEMAS = 'libs/contracts/src/generated/schemas.ts';
const RECORDS = 'accountingRecordSchema';
const MESSAGES = 'messageCommandSchema';

/** A later build of the product: its records and messages have a field more that the present one does not know. */
export function makeNextBuild(): MutatedCheckout {
  const grown = (line: string): string =>
    line.replace(/\]\}\);$/, `,${JSON.stringify({ name: 'brandNewField', ...OPTIONAL_TEXT })}]});`);
  return makeBuild('a field more in records and messages', [edit(RECORDS, grown), edit(MESSAGES, grown)]);
}

/** A build that nobody may deploy: what was a text is a number. */
export function makeIncompatibleBuild(): MutatedCheckout {
  const retyped = (line: string): string =>
    line.replace('{"name":"raw","type":"string"', '{"name":"raw","type":"long"');
  return makeBuild('the type of a field', [edit(RECORDS, retyped)]);
}

/** Runs the setup job of a build against this world's infrastructure, as a deployment does first; its exit code and words. */
export function deploy(
  { system }: World,
  { root }: MutatedCheckout,
): Promise<{ code: number; output: string }> {
  return runNode([join('dist', 'apps', 'setup', 'src', 'main.js')], {
    checkout: root,
    environment: { ...setupEnvironment(system.context) },
  });
}

const OPTIONAL_TEXT = { type: ['null', 'string'], default: null, doc: 'Of a later build.' };

/** Changes the one line of a schema. @throws Error when nothing changes. */
function edit(schema: string, change: (line: string) => string): Edit {
  const lines = readFileSync(join(repositoryRoot, SCHEMAS), 'utf8').split('\n');
  const find = lines.find((line) => line.startsWith(`export const ${schema}:`)) ?? '';
  const replace = change(find);
  if (replace === find) throw new Error(`${SCHEMAS} has no line of ${schema} that can be changed so`);
  return { file: SCHEMAS, find, replace };
}

function makeBuild(removes: string, edits: readonly Edit[]): MutatedCheckout {
  return makeMutatedCheckout({ name: 'other-build', removes, caughtBy: ['faults'], edits });
}
