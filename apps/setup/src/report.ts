import type { SubjectReport, TopicReport } from '#libs/streams';

/** One thing that a deployment needs, and how it stands. */
export interface SetupRow {
  readonly kind: 'migration' | 'topic' | 'schema';
  readonly name: string;
  /** A word from the step, e.g. `created`. */
  readonly state: string;
  /** `done`: changed now. `ok`: was so before. `notice`: works, but somebody should know. `problem`: services would not work. */
  readonly verdict: 'done' | 'ok' | 'notice' | 'problem';
  readonly detail: string;
}

/** What the job found and did. */
export interface SetupReport {
  readonly ok: boolean;
  readonly rows: readonly SetupRow[];
}

/** Puts the steps together. */
export function setupReport(rows: readonly SetupRow[]): SetupReport {
  return { ok: rows.every((row) => row.verdict !== 'problem'), rows };
}

/** The row of an applied or pending migration. */
export function migrationRow(name: string, state: 'applied' | 'pending', detail: string): SetupRow {
  return { kind: 'migration', name, state, verdict: state === 'applied' ? 'done' : 'problem', detail };
}

/** The row of a topic. */
export function topicRow(report: TopicReport): SetupRow {
  const verdicts = {
    present: 'ok',
    created: 'done',
    missing: 'problem',
    'settings-differ': 'notice',
    'partitions-differ': 'problem',
  } as const;
  return {
    kind: 'topic',
    name: report.topic,
    state: report.state,
    verdict: verdicts[report.state],
    detail: report.details.join('; '),
  };
}

/** The row of a registered schema. */
export function schemaRow(report: SubjectReport): SetupRow {
  const verdicts = {
    present: 'ok',
    registered: 'done',
    missing: 'problem',
    incompatible: 'problem',
    'rule-differs': 'problem',
  } as const;
  return {
    kind: 'schema',
    name: report.subject,
    state: report.state,
    verdict: verdicts[report.state],
    detail: report.detail ?? (report.id === null ? '' : `id ${report.id}`),
  };
}

/** What an operator has to do about the problems found, one paragraph each. */
export function adviceFor(report: SetupReport, checkOnly: boolean): string[] {
  const states = new Set(report.rows.filter((row) => row.verdict === 'problem').map((row) => row.state));
  const advice: string[] = [];
  if (states.has('partitions-differ')) {
    advice.push(
      'A topic has another number of partitions than CHAIN_PARTITIONS asks for. Keys would move to other partitions, away from ' +
        'the state kept beside them, so that nothing was created. Set CHAIN_PARTITIONS to the number the topics have; to change ' +
        'it, stop every service, let them drain, delete the topics of the chain with their state and begin anew.',
    );
  }
  if (states.has('incompatible')) {
    advice.push(
      'A schema cannot be exchanged with one that was registered before (FULL_TRANSITIVE). Add fields with a default, and do not ' +
        'rename, remove or retype any; `npm run check` finds this before a release.',
    );
  }
  if (checkOnly && ['pending', 'missing', 'rule-differs'].some((state) => states.has(state)))
    advice.push('Something is missing. Run the setup job without --check.');
  return advice;
}

/** The report as a table for people, widest column first filled, problems marked. */
export function reportTable(report: SetupReport): string {
  const marks = { done: '+', ok: ' ', notice: '!', problem: 'x' };
  const cells = report.rows.map((row) => [marks[row.verdict], row.kind, row.name, row.state, row.detail]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(0, ...cells.map((row) => row[column]?.length ?? 0)));
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** One line that sums the report up. */
export function summaryLine(report: SetupReport): string {
  const count = (verdict: SetupRow['verdict']): number =>
    report.rows.filter((row) => row.verdict === verdict).length;
  return `${count('done')} done, ${count('ok')} there already, ${count('notice')} notices, ${count('problem')} problems`;
}
