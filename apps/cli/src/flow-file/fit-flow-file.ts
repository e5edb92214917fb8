import { parseDocument } from 'yaml';
import { UsageError } from '../cli-error.js';
import type { Call, Option } from '../command.js';
import type { ConnectionAnswer } from '../http/console-answers.js';
import type { FlowFile } from './read-flow-file.js';

/** Options of commands that take a file for other connections than it names. */
export const fittingOptions: Readonly<Record<string, Option>> = {
  workspace: { value: 'ID', about: 'the workspace, instead of the one in the file' },
  connection: {
    value: 'ID',
    about:
      'a connection, instead of the one of its vendor in the file; once for the books, once for what sends',
    multiple: true,
  },
  id: { value: 'FLOW', about: 'the id of the flow, where one file serves several connections' },
};

/** What ready flows call the connections that everybody has to fill in: `my-<vendor>`. */
const PLACEHOLDER = /^my-(.+)$/;
const ROLES = ['source', 'target'] as const;

/**
 * The file for the connections that are meant: those of `--connection`; those that it names; or, for the `my-<vendor>` of a ready
 * flow, the one connection of that vendor. The file on the disk stays as it is, comments and layout are kept.
 * @throws UsageError that lists what there is, when it is not clear what is meant.
 */
export async function fitFlowFile(call: Call, given: FlowFile): Promise<FlowFile> {
  const { args, console, tell } = call;
  const document = parseDocument(given.yaml);
  const nameOf = (key: string): string => {
    const value = document.get(key);
    return typeof value === 'string' ? value : '';
  };
  const id = args.text('id');
  const wanted = { workspace: args.text('workspace'), connections: args.texts('connection') };
  const isReady = ROLES.some((role) => PLACEHOLDER.test(nameOf(role)));
  if (!isReady && !hasFittingOptions(args)) return given;
  const all = (await console.connections()).filter(({ status }) => status !== 'disconnected');
  const chosen = chooseBoth(all, { ...wanted, source: nameOf('source'), target: nameOf('target') });
  document.set('workspace', chosen.source.workspaceId);
  for (const role of ROLES) document.set(role, chosen[role].connectionId);
  if (id !== undefined) document.set('id', id);
  tell(
    `For workspace ${chosen.source.workspaceId}: from ${named(chosen.source)} to ${named(chosen.target)}.`,
  );
  return { ...given, flowId: id ?? given.flowId, yaml: document.toString({ lineWidth: 0 }) };
}

/** Whether one of {@link fittingOptions} was given. */
export function hasFittingOptions(args: Call['args']): boolean {
  const texts = ['workspace', 'id'].some((name) => args.text(name) !== undefined);
  return texts || args.texts('connection').length > 0;
}

interface Wanted {
  readonly workspace: string | undefined;
  readonly connections: readonly string[];
  /** As in the file. */
  readonly source: string;
  readonly target: string;
}

function chooseBoth(all: readonly ConnectionAnswer[], wanted: Wanted) {
  const given = wanted.connections.map((id) => {
    const found = all.find(({ connectionId }) => connectionId === id);
    if (found) return found;
    throw new UsageError(`--connection: there is no connection ${id}. There are:\n${listed(all)}`);
  });
  const source = choose('source', wanted.source, { all, given, workspace: wanted.workspace });
  const target = choose('target', wanted.target, { all, given, workspace: source.workspaceId });
  const unused = given.find((one) => one !== source && one !== target);
  if (unused)
    throw new UsageError(
      `--connection ${named(unused)} is of neither vendor that the file is for, or one too many.`,
    );
  return { source, target };
}

interface Choice {
  readonly all: readonly ConnectionAnswer[];
  /** By `--connection`. */
  readonly given: readonly ConnectionAnswer[];
  readonly workspace: string | undefined;
}

function choose(
  role: (typeof ROLES)[number],
  name: string,
  { all, given, workspace }: Choice,
): ConnectionAnswer {
  const known = all.find(({ connectionId }) => connectionId === name);
  const vendor = known?.vendor ?? PLACEHOLDER.exec(name)?.[1];
  const fits = (one: ConnectionAnswer): boolean =>
    (vendor === undefined || one.vendor === vendor) &&
    (workspace === undefined || one.workspaceId === workspace);
  const candidates = all.filter(fits);
  const [only] = candidates;
  const found =
    given.find((one) => candidates.includes(one)) ??
    (known && fits(known) ? known : undefined) ??
    (vendor !== undefined && candidates.length === 1 ? only : undefined);
  if (found) return found;
  const where = workspace === undefined ? '' : ` in workspace ${workspace}`;
  const what = vendor === undefined ? 'that it could be' : `of vendor ${vendor}`;
  throw new UsageError(
    candidates.length === 0
      ? `${role} ${name}: there is no connection ${what}${where}. Make one with: ledgerwire connect ${vendor ?? '<vendor>'}`
      : `${role} ${name}: say which connection is meant by --connection ID. There are${where}:\n${listed(candidates)}`,
  );
}

function listed(connections: readonly ConnectionAnswer[]): string {
  if (connections.length === 0) return '  none';
  return connections.map((one) => `  ${named(one)}, workspace ${one.workspaceId}`).join('\n');
}

function named({ connectionId, vendor, displayName }: ConnectionAnswer): string {
  return `${connectionId} (${vendor}: ${displayName})`;
}
