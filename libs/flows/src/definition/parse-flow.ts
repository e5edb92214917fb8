import type { FlowDefinition } from '#libs/contracts';
import { LineCounter, parseDocument } from 'yaml';
import type { Flow } from './flow.js';
import { flowKeys, flowSchema } from './flow.schema.js';
import { type FlowProblem, ProblemReporter } from './flow-problems.js';
import { reportIssues } from './schema-issues.js';
import { toFlow } from './to-flow.js';

/** A checked flow, or everything that is wrong with the file, in the order of the file. */
export type ParsedFlow =
  | { readonly ok: true; readonly flow: Flow }
  | { readonly ok: false; readonly problems: readonly FlowProblem[] };

const MAX_FILE_CHARS = 500_000;
const MAX_ALIASES = 100;

/**
 * Reads a flow file: YAML 1.2, the shape of `ledgerwire/v1`, and its sense: conditions, staff lists, and each template
 * compiled and its variables checked in every branch. Nothing is rendered; `checkFlow` does that with samples.
 */
export function parseFlow(yaml: string): ParsedFlow {
  if (yaml.length > MAX_FILE_CHARS) {
    return failed([
      { path: '', line: 1, column: 1, message: `the file is longer than ${MAX_FILE_CHARS} characters` },
    ]);
  }
  const lines = new LineCounter();
  const document = parseDocument(yaml, { lineCounter: lines, version: '1.2', stringKeys: true });
  const reporter = new ProblemReporter(yaml, document, lines);
  for (const error of document.errors) reporter.reportAt(error.pos[0], firstLine(error.message));
  if (reporter.problems.length > 0) return failed(reporter.problems);
  let content: unknown;
  try {
    content = document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch {
    return failed([
      { path: '', line: 1, column: 1, message: 'the file repeats itself by aliases (*name) too often' },
    ]);
  }
  const shape = flowSchema.safeParse(content);
  if (!shape.success) {
    reportIssues(reporter, shape.error.issues, flowKeys);
    return failed(reporter.problems);
  }
  const flow = toFlow(shape.data, reporter);
  return reporter.problems.length > 0 ? failed(reporter.problems) : { ok: true, flow };
}

/**
 * The flow of an applied definition: its version and whether it is switched on are the definition's. A file that names
 * another id or other connections than the definition is refused.
 */
export function loadFlow(definition: FlowDefinition): ParsedFlow {
  const parsed = parseFlow(definition.yaml);
  if (!parsed.ok) return parsed;
  const { flow } = parsed;
  const pairs: readonly (readonly [string, string, string])[] = [
    ['id', flow.id, definition.flowId],
    ['workspace', flow.workspaceId, definition.workspaceId],
    ['source', flow.sourceConnectionId, definition.sourceConnectionId],
    ['target', flow.targetConnectionId, definition.targetConnectionId],
  ];
  const problems = pairs
    .filter(([, inFile, applied]) => inFile !== applied)
    .map(([path]) => ({ path, line: 1, column: 1, message: `“${path}” differs from what was applied` }));
  if (problems.length > 0) return failed(problems);
  return {
    ok: true,
    flow: { ...flow, version: definition.version, enabled: definition.enabled && flow.enabled },
  };
}

function failed(problems: readonly FlowProblem[]): ParsedFlow {
  return { ok: false, problems: [...problems].sort((a, b) => a.line - b.line || a.column - b.column) };
}

function firstLine(message: string): string {
  return (message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '');
}
