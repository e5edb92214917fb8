/** What a cell may hold; nothing is shown as a dash. */
export type Cell = string | number | boolean | null | undefined;

const GAP = '  ';

/**
 * Lines of a table whose columns are as wide as their widest cell; the last column is not padded. Without headings there is
 * no first line.
 */
export function table(headings: readonly string[], rows: readonly (readonly Cell[])[]): string[] {
  const lines = [...(headings.length === 0 ? [] : [headings]), ...rows.map((row) => row.map(cellText))];
  const widths: number[] = [];
  for (const line of lines) {
    for (const [column, cell] of line.entries())
      widths[column] = Math.max(widths[column] ?? 0, widthOf(cell));
  }
  return lines.map((line) =>
    line
      .map((cell, column) => (column === line.length - 1 ? cell : pad(cell, widths[column] ?? 0)))
      .join(GAP)
      .trimEnd(),
  );
}

/** A table under its heading, or a sentence when there is nothing to show. */
export function tableOr(
  nothing: string,
  headings: readonly string[],
  rows: readonly (readonly Cell[])[],
): string {
  return rows.length === 0 ? nothing : table(headings, rows).join('\n');
}

/** Names and values below each other; what is null or undefined is left out. */
export function facts(pairs: readonly (readonly [name: string, value: Cell])[]): string {
  return table(
    [],
    pairs.filter(([, value]) => value !== null && value !== undefined && value !== ''),
  ).join('\n');
}

/**
 * Text from outside as one line: control characters, which a terminal would obey, and line breaks become blanks.
 */
export function oneLine(text: string): string {
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ').trim();
}

/** {@link oneLine} for texts of several lines. */
export function manyLines(text: string): string {
  return text
    .split(/\r\n?|\n/)
    .map((line) => line.replaceAll('\t', '  '))
    .map((line) => `${/^ */.exec(line)?.[0] ?? ''}${oneLine(line)}`)
    .join('\n');
}

function cellText(cell: Cell): string {
  if (cell === null || cell === undefined || cell === '') return '–';
  const text = String(cell);
  return `${/^ */.exec(text)?.[0] ?? ''}${oneLine(text)}`;
}

const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** What people count as characters; that some are two columns wide is not considered. */
function widthOf(text: string): number {
  return Array.from(segmenter.segment(text)).length;
}

function pad(text: string, width: number): string {
  return text + ' '.repeat(width - widthOf(text));
}
