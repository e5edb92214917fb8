import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { ConfigError, type ConfigProblem } from './config-error.js';
import { Secret } from './secret.js';
import { type ConfigSchema, type SchemaVariable, variablesOf } from './variables.js';

/** Variables as the operating system hands them over. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A loaded configuration. */
export interface LoadedConfig<S extends ConfigSchema> {
  /** Parsed, defaults filled in, deeply frozen. */
  readonly config: z.output<S>;
  /** The texts of all secrets that are set, and of each Secret inside structured ones, for the log's scrubber. */
  readonly secretValues: readonly string[];
}

interface RawValues {
  readonly texts: ReadonlyMap<SchemaVariable, string>;
  readonly problems: readonly ConfigProblem[];
}

/**
 * Reads a service's configuration. An empty variable counts as unset. A secret may come from the file that `<NAME>_FILE`
 * names (one trailing line break is dropped).
 * @throws ConfigError that lists all problems by variable name, without values.
 */
export function loadConfig<S extends ConfigSchema>(
  schema: S,
  environment: Environment = process.env,
): LoadedConfig<S> {
  const variables = variablesOf(schema);
  const { texts, problems } = readAll(variables, environment);
  const parsed = schema.safeParse(nest(schema, [], variables, texts));
  const broken = new Set(problems.map(({ variable }) => variable));
  const invalid = parsed.success ? [] : explain(parsed.error, variables, texts);
  const all = [...problems, ...invalid.filter(({ variable }) => !broken.has(variable))];
  if (!parsed.success || all.length > 0) throw new ConfigError(all);
  return {
    config: freeze(parsed.data),
    secretValues: [
      ...new Set([
        ...variables.filter(({ secret }) => secret).flatMap((one) => texts.get(one) ?? []),
        ...secretsIn(parsed.data),
      ]),
    ],
  };
}

function readAll(variables: readonly SchemaVariable[], environment: Environment): RawValues {
  const texts = new Map<SchemaVariable, string>();
  const problems: ConfigProblem[] = [];
  for (const variable of variables) {
    try {
      const text = readOne(variable, environment);
      if (text !== undefined && text !== '') texts.set(variable, text);
    } catch (error) {
      problems.push({
        variable: variable.name,
        message: error instanceof Error ? error.message : 'unreadable',
      });
    }
  }
  return { texts, problems };
}

function readOne({ name, secret }: SchemaVariable, environment: Environment): string | undefined {
  const direct = environment[name];
  const file = secret ? environment[`${name}_FILE`] : undefined;
  if (!file) return direct;
  if (direct) throw new Error(`is set, and so is ${name}_FILE; unset one of them`);
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new Error(`the file that ${name}_FILE names cannot be read (${systemCodeOf(error)})`, {
      cause: error,
    });
  }
}

function systemCodeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}

/** The texts in the shape of the schema, with every slice present, so that a missing slice names its own variables. */
function nest(
  schema: ConfigSchema,
  path: readonly string[],
  variables: readonly SchemaVariable[],
  texts: ReadonlyMap<SchemaVariable, string>,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(schema.shape).map(([key, type]) => {
      const here = [...path, key];
      const own = variables.find((one) => samePath(one.path, here));
      if (own) return [key, texts.get(own)];
      return [key, nest(type as ConfigSchema, here, variables, texts)];
    }),
  );
}

/** zod's issues by variable. zod's own messages name expectations, never the input; cross-field checks write their own. */
function explain(
  error: z.ZodError,
  variables: readonly SchemaVariable[],
  texts: ReadonlyMap<SchemaVariable, string>,
): ConfigProblem[] {
  return error.issues.map((issue) => {
    const path = issue.path.map(String);
    const own = variables.find((one) => samePath(one.path, path.slice(0, one.path.length)));
    if (!own) return { variable: path.join('.') || 'configuration', message: issue.message };
    const unset = !texts.has(own) && issue.code !== 'custom';
    return { variable: own.name, message: unset ? `is not set: ${own.description}` : issue.message };
  });
}

function samePath(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((key, index) => key === right[index]);
}

function* secretsIn(value: unknown): Generator<string> {
  if (value instanceof Secret) yield value.reveal();
  else if (typeof value === 'object' && value !== null)
    for (const part of Object.values(value)) yield* secretsIn(part);
}

function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || value instanceof Secret) return value;
  Object.values(value).forEach(freeze);
  return Object.freeze(value);
}
