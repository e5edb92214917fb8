import { fromMicrosoftDate } from './xero-dates.js';
import type { View } from './views.js';

/** Whether a row's view fits a `where` expression. */
export type Predicate = (view: View) => boolean;

/** The expression cannot be read, or names a field that the rows do not have. */
export class WhereError extends Error {
  override readonly name = 'WhereError';
}

type Value = string | number | boolean | null;
interface Instant {
  readonly instant: number;
}

const TOKEN =
  /\s*(?:(&&|\|\||==|!=|>=|<=|=|>|<|\(|\)|,|\.|!)|"((?:[^"\\]|\\.)*)"|(-?\d+(?:\.\d+)?)|([A-Za-z_]\w*))/y;

interface Token {
  readonly kind: 'sign' | 'text' | 'number' | 'word';
  readonly value: string;
}

/**
 * Reads Xero's `where` language as far as its documented filters go: comparisons of fields with text, numbers, booleans,
 * null, `DateTime(y,m,d)` and `Guid("…")`, the methods Contains, StartsWith and EndsWith, AND/&&, OR/||, brackets.
 * @throws WhereError when it cannot be read.
 */
export function parseWhere(source: string): Predicate {
  const parser = new WhereParser(tokenize(source));
  return parser.parse();
}

function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < source.length) {
    if (source.slice(TOKEN.lastIndex).trim() === '') break;
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(source);
    if (!match) throw new WhereError(`Unexpected character at position ${String(at)}`);
    const [, sign, text, number, word] = match;
    if (sign !== undefined) tokens.push({ kind: 'sign', value: sign });
    else if (text !== undefined) tokens.push({ kind: 'text', value: text.replaceAll(/\\(.)/g, '$1') });
    else if (number !== undefined) tokens.push({ kind: 'number', value: number });
    else tokens.push({ kind: 'word', value: word ?? '' });
  }
  return tokens;
}

class WhereParser {
  private position = 0;

  constructor(private readonly tokens: readonly Token[]) {}

  parse(): Predicate {
    const predicate = this.any();
    if (this.position < this.tokens.length) throw new WhereError('Syntax error at the end of the expression');
    return predicate;
  }

  private any(): Predicate {
    const parts = [this.all()];
    while (this.accept('||') || this.acceptWord('OR')) parts.push(this.all());
    return parts.length === 1 && parts[0] ? parts[0] : (view) => parts.some((part) => part(view));
  }

  private all(): Predicate {
    const parts = [this.one()];
    while (this.accept('&&') || this.acceptWord('AND')) parts.push(this.one());
    return parts.length === 1 && parts[0] ? parts[0] : (view) => parts.every((part) => part(view));
  }

  private one(): Predicate {
    if (this.accept('!')) {
      const negated = this.one();
      return (view) => !negated(view);
    }
    if (this.accept('(')) {
      const inner = this.any();
      this.expect(')');
      return inner;
    }
    return this.comparison();
  }

  private comparison(): Predicate {
    const path = [this.word()];
    while (this.accept('.')) {
      const name = this.word();
      if (this.accept('(')) return this.method(path, name);
      path.push(name);
    }
    const sign = this.tokens[this.position];
    if (sign?.kind !== 'sign' || !COMPARISONS.has(sign.value)) return (view) => read(view, path) === true;
    this.position += 1;
    const compare = COMPARISONS.get(sign.value);
    const right = this.value();
    return (view) => {
      const left = read(view, path);
      return compare?.(ordered(left, right)) ?? false;
    };
  }

  private method(path: readonly string[], name: string): Predicate {
    if (name === 'HasValue') {
      this.expect(')');
      return (view) => read(view, path) !== null;
    }
    const argument = this.tokens[this.position];
    this.position += 1;
    this.expect(')');
    const test = METHODS.get(name);
    if (!test || argument?.kind !== 'text') throw new WhereError(`No applicable method '${name}' exists`);
    return (view) => {
      const left = read(view, path);
      return typeof left === 'string' && test(left, argument.value);
    };
  }

  private value(): Value | Instant {
    const token = this.tokens[this.position];
    this.position += 1;
    if (token?.kind === 'text') return token.value;
    if (token?.kind === 'number') return Number(token.value);
    if (token?.kind !== 'word') throw new WhereError('Expression expected');
    const word = token.value.toLowerCase();
    if (word === 'true' || word === 'false') return word === 'true';
    if (word === 'null') return null;
    if (word === 'guid') return this.guid();
    if (word === 'datetime') return this.dateTime();
    throw new WhereError(`Unknown identifier '${token.value}'`);
  }

  private guid(): string {
    this.expect('(');
    const token = this.tokens[this.position];
    this.position += 1;
    this.expect(')');
    if (token?.kind !== 'text') throw new WhereError('Guid expects a text');
    return token.value;
  }

  private dateTime(): Instant {
    this.expect('(');
    const parts: number[] = [];
    do {
      const token = this.tokens[this.position];
      this.position += 1;
      if (token?.kind !== 'number') throw new WhereError('DateTime expects numbers');
      parts.push(Number(token.value));
    } while (this.accept(','));
    this.expect(')');
    const [year = 1970, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts;
    return { instant: Date.UTC(year, month - 1, day, hour, minute, second) };
  }

  private word(): string {
    const token = this.tokens[this.position];
    if (token?.kind !== 'word') throw new WhereError('Expression expected');
    this.position += 1;
    return token.value;
  }

  private accept(sign: string): boolean {
    const token = this.tokens[this.position];
    if (token?.kind !== 'sign' || token.value !== sign) return false;
    this.position += 1;
    return true;
  }

  private acceptWord(word: string): boolean {
    const token = this.tokens[this.position];
    if (token?.kind !== 'word' || token.value.toUpperCase() !== word) return false;
    this.position += 1;
    return true;
  }

  private expect(sign: string): void {
    if (!this.accept(sign)) throw new WhereError(`'${sign}' expected`);
  }
}

/** Tests of the sign of a comparison; undefined means that the two cannot be compared. */
const COMPARISONS = new Map<string, (order: number | undefined) => boolean>([
  ['==', (order) => order === 0],
  ['=', (order) => order === 0],
  ['!=', (order) => order !== 0],
  ['>', (order) => order !== undefined && order > 0],
  ['>=', (order) => order !== undefined && order >= 0],
  ['<', (order) => order !== undefined && order < 0],
  ['<=', (order) => order !== undefined && order <= 0],
]);

const METHODS = new Map<string, (text: string, part: string) => boolean>([
  ['Contains', (text, part) => text.toLowerCase().includes(part.toLowerCase())],
  ['StartsWith', (text, part) => text.toLowerCase().startsWith(part.toLowerCase())],
  ['EndsWith', (text, part) => text.toLowerCase().endsWith(part.toLowerCase())],
]);

function read(view: View, path: readonly string[]): Value {
  let value: unknown = view;
  for (const name of path) {
    value = typeof value === 'object' && value !== null ? (value as View)[name] : undefined;
  }
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}

function ordered(left: Value, right: Value | Instant): number | undefined {
  if (typeof right === 'object' && right !== null) {
    const instant = typeof left === 'string' ? fromMicrosoftDate(left) : undefined;
    return instant === undefined ? undefined : instant - right.instant;
  }
  if (left === null || right === null) return left === right ? 0 : undefined;
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  if (typeof left === 'boolean') return left === right ? 0 : undefined;
  const [a, b] = [String(left).toLowerCase(), String(right).toLowerCase()];
  return a < b ? -1 : a > b ? 1 : 0;
}
