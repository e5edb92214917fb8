import { type Document, isNode, isScalar, type LineCounter } from 'yaml';

/** Something that is wrong in a flow file, where, and what to do. */
export interface FlowProblem {
  /** Where in the structure, e.g. `steps[0].template.text`; empty for the file itself. */
  readonly path: string;
  /** From 1. */
  readonly line: number;
  /** From 1. */
  readonly column: number;
  readonly message: string;
}

/** Keys and indexes from the root of the file. */
export type ProblemPath = readonly (string | number)[];

interface Place {
  readonly line: number;
  readonly column: number;
}

/** Collects the problems of one file and finds their places. */
export class ProblemReporter {
  readonly problems: FlowProblem[] = [];

  constructor(
    private readonly source: string,
    private readonly document: Document,
    private readonly lines: LineCounter,
  ) {}

  /** Whether the file has anything under this path. */
  has(path: ProblemPath): boolean {
    return this.document.getIn(path) !== undefined;
  }

  /** Reports at the value under the path, or at the nearest thing above it that is there. */
  report(path: ProblemPath, message: string): void {
    this.push(path, this.placeOf(path), message);
  }

  /** Reports at a line and column (from 1) inside a text of the file, e.g. a template. */
  reportInside(path: ProblemPath, line: number, column: number, message: string): void {
    this.push(path, this.placeInside(path, line, column), message);
  }

  /** Reports at an offset of the file. */
  reportAt(offset: number, message: string): void {
    this.push([], this.lineAndColumn(offset), message);
  }

  private push(path: ProblemPath, place: Place, message: string): void {
    const name = formatPath(path);
    const known = this.problems.some(
      (other) => other.path === name && other.message === message && other.line === place.line,
    );
    if (!known) this.problems.push({ path: name, ...place, message });
  }

  private placeOf(path: ProblemPath): Place {
    for (let length = path.length; length >= 0; length -= 1) {
      const node = this.document.getIn(path.slice(0, length), true);
      if (isNode(node) && node.range) return this.lineAndColumn(node.range[0]);
    }
    return { line: 1, column: 1 };
  }

  private placeInside(path: ProblemPath, line: number, column: number): Place {
    const start = this.placeOf(path);
    const node = this.document.getIn(path, true);
    if (!isScalar(node)) return start;
    if (node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED') {
      return { line: start.line + line, column: column + this.indentOf(start.line + 1) };
    }
    const quote = node.type === 'PLAIN' ? 0 : 1;
    return line === 1
      ? { line: start.line, column: start.column + quote + column - 1 }
      : { line: start.line + line - 1, column };
  }

  private indentOf(line: number): number {
    const text = this.source.slice(this.lines.lineStarts[line - 1] ?? 0);
    return /^ */.exec(text)?.[0].length ?? 0;
  }

  private lineAndColumn(offset: number): Place {
    const { line, col } = this.lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  }
}

/** `['steps', 0, 'to']` as `steps[0].to`. */
export function formatPath(path: ProblemPath): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? part : `${text}.${part}`;
  }, '');
}
