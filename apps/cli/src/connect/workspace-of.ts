import { UsageError } from '../cli-error.js';
import type { Call } from '../command.js';

/** The workspace that is meant. @throws UsageError when it is not said and there is none or several. */
export async function workspaceOf({ args, broker }: Pick<Call, 'args' | 'broker'>): Promise<string> {
  const given = args.text('workspace');
  if (given !== undefined) return given;
  const known = [...new Set((await broker.connections()).map(({ workspaceId }) => workspaceId))];
  const [only] = known;
  if (only !== undefined && known.length === 1) return only;
  throw new UsageError(
    only === undefined
      ? '--workspace is missing: give the company a short name, e.g. --workspace my-company.'
      : `--workspace is missing: there are ${known.join(', ')}.`,
  );
}
