import type { FaultReport, FaultTest } from './fault-test.ts';

/** A fault that was run, with what came of it or why it could not be run to its end. */
export interface Finished {
  readonly test: Pick<FaultTest, 'id' | 'title'>;
  readonly report: FaultReport;
}

const HEADS = [
  'fault',
  'injected',
  'events',
  'effects',
  'lost',
  'doubled',
  'uncertain: how each ended',
  'recovery',
];

/** The table of a run, one row per fault, with a line under it for every figure and every failure. */
export function renderTable(finished: readonly Finished[]): string {
  const rows = finished.map(({ test, report }) => rowOf(test, report));
  const widths = HEADS.map((head, column) =>
    Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [
    line(HEADS),
    line(widths.map((width) => '-'.repeat(width))),
    ...rows.map(line),
    '',
    ...finished.flatMap(({ test, report }) => notesOf(test, report)),
  ].join('\n');
}

/** `N passed, M failed`, as every test command of this project ends. */
export function closingLine(finished: readonly Finished[]): string {
  const failed = finished.filter(({ report }) => report.failures.length > 0).length;
  return `${finished.length - failed} passed, ${failed} failed`;
}

function rowOf({ id }: Pick<FaultTest, 'id'>, report: FaultReport): string[] {
  const mark = report.failures.length === 0 ? '✓' : '✗';
  return [
    `${mark} ${id}`,
    String(report.injected),
    String(report.events),
    String(report.effects),
    String(report.lost),
    String(report.duplicated),
    uncertainText(report),
    report.recoveryMs === undefined ? '–' : `${(report.recoveryMs / 1_000).toFixed(1)} s`,
  ];
}

function uncertainText({ uncertain, uncertainEnds }: FaultReport): string {
  const ends = Object.entries(uncertainEnds).map(([end, count]) => `${count} ${end}`);
  return ends.length === 0 ? String(uncertain) : `${uncertain}: ${ends.join(', ')}`;
}

function notesOf(
  { id, title }: Pick<FaultTest, 'id' | 'title'>,
  { figures, failures }: FaultReport,
): string[] {
  const told = Object.entries(figures).map(([name, value]) => `${name} ${value}`);
  return [
    `${id}  ${title}${told.length === 0 ? '' : ` (${told.join(', ')})`}`,
    ...failures.map((failure) => `      ✗ ${failure}`),
  ];
}
