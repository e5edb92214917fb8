import { join } from 'node:path';
import { runNode } from '../../../tools/checks/step.ts';
import type { Mutant } from '../../../tools/mutants/mutant.ts';
import { makeMutatedCheckout, type MutatedCheckout } from '../../../tools/mutants/mutated-checkout.ts';
import { setupEnvironment } from '../../../tools/services.ts';
import type { World } from './world.ts';

const SCHEMAS = 'libs/contracts/src/generated/schemas.ts';
/** Last fields of `AccountingRecord` and of `MessageCommand`, as they stand there. */
const LAST_OF_RECORDS = `{"name":"raw","type":"string","doc":"The vendor's JSON, as received."}`;
const LAST_OF_MESSAGES = `"doc":"What goes out when this one fails for good: MessageCommands as JSON, with ids of their own. Personal data."}`;

/** A later build of the product: its records and messages have a field more that the present one does not know. */
export function makeNextBuild(): MutatedCheckout {
  return makeMutatedCheckout(
    buildWith('a field more in records and messages', [
      { find: LAST_OF_RECORDS, replace: `${LAST_OF_RECORDS},${newField('brandNewRecordField')}` },
      { find: LAST_OF_MESSAGES, replace: `${LAST_OF_MESSAGES},${newField('brandNewMessageField')}` },
    ]),
  );
}

/** A build that nobody may deploy: what was a text is a number. */
export function makeIncompatibleBuild(): MutatedCheckout {
  return makeMutatedCheckout(
    buildWith('the type of a field', [
      { find: LAST_OF_RECORDS, replace: LAST_OF_RECORDS.replace('"string"', '"long"') },
    ]),
  );
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

function newField(name: string): string {
  return JSON.stringify({ name, type: ['null', 'string'], default: null, doc: 'Of a later build.' });
}

function buildWith(removes: string, edits: readonly { find: string; replace: string }[]): Mutant {
  return {
    name: 'other-build',
    removes,
    caughtBy: ['faults'],
    edits: edits.map((edit) => ({ file: SCHEMAS, ...edit })),
  };
}
