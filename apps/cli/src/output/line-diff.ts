/** One line of a comparison: in both, only in the old text, or only in the new one. */
interface DiffLine {
  readonly kind: ' ' | '-' | '+';
  readonly text: string;
}

const CONTEXT_LINES = 3;

/**
 * The differences of two texts as a unified diff without its head; no lines when they are the same. By the longest common
 * subsequence, which for files of some hundred lines is quick enough.
 */
export function lineDiff(before: string, after: string): string[] {
  const lines = compare(linesOf(before), linesOf(after));
  const near = lines.map((_, index) =>
    lines
      .slice(Math.max(0, index - CONTEXT_LINES), index + CONTEXT_LINES + 1)
      .some(({ kind }) => kind !== ' '),
  );
  const shown: string[] = [];
  let [oldLine, newLine] = [1, 1];
  for (const [index, { kind, text }] of lines.entries()) {
    if (near[index] && !near[index - 1]) shown.push(`@@ line ${oldLine} → ${newLine} @@`);
    if (near[index]) shown.push(kind + text);
    if (kind !== '+') oldLine += 1;
    if (kind !== '-') newLine += 1;
  }
  return shown;
}

function linesOf(text: string): readonly string[] {
  const lines = text.split(/\r\n|\n/);
  return lines.at(-1) === '' ? lines.slice(0, -1) : lines;
}

function compare(before: readonly string[], after: readonly string[]): DiffLine[] {
  // common[i][j]: how many lines the rest of both, from i and j on, have in common.
  const common = Array.from({ length: before.length + 1 }, () => new Uint32Array(after.length + 1));
  const at = (i: number, j: number): number => common[i]?.[j] ?? 0;
  for (let i = before.length - 1; i >= 0; i -= 1) {
    const row = common[i] ?? new Uint32Array();
    for (let j = after.length - 1; j >= 0; j -= 1) {
      row[j] = before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      lines.push({ kind: ' ', text: before[i] ?? '' });
      i += 1;
      j += 1;
    } else if (j >= after.length || (i < before.length && at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ kind: '-', text: before[i] ?? '' });
      i += 1;
    } else {
      lines.push({ kind: '+', text: after[j] ?? '' });
      j += 1;
    }
  }
  return lines;
}
