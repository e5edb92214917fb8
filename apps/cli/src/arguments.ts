import { parseArgs } from 'node:util';
import type { Command, Option } from './command.js';
import { UsageError } from './cli-error.js';

type Values = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;

/** Options that every command has. */
export const commonOptions: Readonly<Record<string, Option>> = {
  json: { about: 'print the answer as JSON, for scripts' },
  help: { about: 'show this text' },
};

/** What was typed after the name of a command. */
export class Arguments {
  constructor(
    private readonly positionals: readonly string[],
    private readonly values: Values,
  ) {}

  /** The nth word. @throws UsageError when it is missing. */
  word(index: number, name: string): string {
    const word = this.positionals[index];
    if (word !== undefined && word !== '') return word;
    throw new UsageError(`${name} is missing.`);
  }

  /** All words. */
  words(): readonly string[] {
    return this.positionals;
  }

  flag(name: string): boolean {
    return this.values[name] === true;
  }

  text(name: string): string | undefined {
    const value = this.values[name];
    return typeof value === 'string' ? value : undefined;
  }

  /** Every value of an option that may be given several times. */
  texts(name: string): readonly string[] {
    const value = this.values[name];
    return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
  }

  /** @throws UsageError when it is missing. */
  needed(name: string, why: string): string {
    const text = this.text(name);
    if (text !== undefined && text !== '') return text;
    throw new UsageError(`--${name} is missing: ${why}.`);
  }

  /** @throws UsageError when it is no whole number within the bounds. */
  wholeNumber(name: string, least: number, most: number): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (/^\d{1,15}$/.test(text) && value >= least && value <= most) return value;
    throw new UsageError(`--${name} must be a whole number from ${least} to ${most}.`);
  }

  /** One of a few words. @throws UsageError when it is another one. */
  choice<T extends string>(name: string, choices: readonly T[]): T | undefined {
    const text = this.text(name);
    const found = choices.find((choice) => choice === text);
    if (text === undefined || found !== undefined) return found;
    throw new UsageError(`--${name} must be one of ${choices.join(', ')}.`);
  }

  /**
   * A moment as ISO 8601 (`2026-11-21`, `2026-11-21T08:00Z`; without a zone it is UTC) or as an age (`30m`, `12h`, `7d`).
   * Epoch milliseconds. @throws UsageError when it is neither.
   */
  moment(name: string, now: number): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const [, count, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
    if (count !== undefined) return now - Number(count) * (UNIT_MS[unit] ?? 0);
    const iso = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,3})?)?(Z|[+-]\d\d:\d\d)?)?$/.test(text);
    const hasZone = /(Z|[+-]\d\d:\d\d)$/.test(text) || !text.includes('T');
    const at = iso ? Date.parse(hasZone ? text : `${text}Z`) : Number.NaN;
    if (!Number.isNaN(at)) return at;
    throw new UsageError(`--${name} must be a time like 2026-11-21T08:00Z, or an age like 30m, 12h or 7d.`);
  }
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Reads what was typed after a command's name. @throws UsageError that says what does not fit. */
export function parseArguments(command: Command, words: readonly string[]): Arguments {
  const options = { ...command.options, ...commonOptions };
  const { positionals, values } = parsed(words, options);
  const allowed = command.positionals ?? [];
  const takesMany = allowed.at(-1)?.includes('…') === true;
  if (!takesMany && positionals.length > allowed.length) {
    throw new UsageError(`“${positionals[allowed.length] ?? ''}” is one word too many.`);
  }
  const given = new Arguments(positionals, values);
  if (!given.flag('help')) {
    for (const [index, name] of allowed.entries()) if (!name.startsWith('[')) given.word(index, name);
  }
  return given;
}

function parsed(
  words: readonly string[],
  options: Readonly<Record<string, Option>>,
): { positionals: string[]; values: Values } {
  try {
    return parseArgs({
      args: [...words],
      allowPositionals: true,
      options: Object.fromEntries(
        Object.entries(options).map(([name, { value, multiple }]) => [
          name,
          {
            type: value === undefined ? ('boolean' as const) : ('string' as const),
            ...(multiple && { multiple }),
          },
        ]),
      ),
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
