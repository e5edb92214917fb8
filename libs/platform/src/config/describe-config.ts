import { Secret } from './secret.js';
import { z } from 'zod';
import { type ConfigSchema, variablesOf } from './variables.js';

/** One row of a table of variables in a README or `.env.example`. */
export interface ConfigRow {
  readonly name: string;
  readonly description: string;
  readonly required: boolean;
  /** As one would write it in the environment; undefined when there is none. */
  readonly default: string | undefined;
  /** A secret can also be given as `<name>_FILE`. */
  readonly secret: boolean;
}

/** The rows of the documentation of a schema, in the schema's order. */
export function describeConfig(schema: ConfigSchema): readonly ConfigRow[] {
  return variablesOf(schema).map(({ name, description, secret, type }) => {
    const unset = z.safeParse(type, undefined);
    return {
      name,
      description,
      secret,
      required: !unset.success,
      default: unset.success && unset.data !== undefined ? asText(unset.data) : undefined,
    };
  });
}

/** The same as a Markdown table, for READMEs; compare it with the file in a test. */
export function configTable(schema: ConfigSchema): string {
  const rows = describeConfig(schema).map(
    (row) =>
      `| \`${row.name}\`${row.secret ? ' (secret)' : ''} | ${defaultCell(row)} | ${row.description.replaceAll('|', '\\|')} |`,
  );
  return ['| variable | default | what |', '|---|---|---|', ...rows].join('\n');
}

/** Names of variables that a document does not mention: empty when it is complete. `A_{B,C}` stands for `A_B` and `A_C`. */
export function undocumentedVariables(schema: ConfigSchema, document: string): readonly string[] {
  const words = new Set((document.match(/\b[A-Z][A-Z0-9_{},]+/g) ?? []).flatMap(withoutBraces));
  return describeConfig(schema)
    .map(({ name }) => name)
    .filter((name) => !words.has(name));
}

function withoutBraces(word: string): readonly string[] {
  const found = /^([^{]*)\{([^{}]*)\}(.*)$/.exec(word);
  if (!found) return [word.replace(/[{},]+$/, '')];
  const [, before = '', choices = '', after = ''] = found;
  return choices.split(',').flatMap((choice) => withoutBraces(before + choice + after));
}

/**
 * The effective configuration for the start-up log: one entry per variable, secrets only as `set` or `unset`, unset
 * variables as null.
 */
export function summarizeConfig<S extends ConfigSchema>(
  schema: S,
  config: z.output<S>,
): Record<string, string | null> {
  return Object.fromEntries(
    variablesOf(schema).map(({ name, path, secret }) => {
      const value = path.reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], config);
      if (secret) return [name, value === undefined ? 'unset' : 'set'];
      return [name, value === undefined ? null : asText(value)];
    }),
  );
}

function defaultCell(row: ConfigRow): string {
  if (row.required) return 'required';
  return row.default === undefined ? '–' : `\`${row.default}\``;
}

function asText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (value instanceof Secret) return String(value);
  if (Array.isArray(value)) return value.map(asText).join(',');
  return JSON.stringify(value);
}
