import { z } from 'zod';
import { Secret } from './secret.js';

/** What is known of one environment variable besides its type. */
export interface VariableMeta {
  /** As it is spelled in the environment, e.g. `KAFKA_BROKERS`. */
  readonly name: string;
  /** One sentence for people, without a full stop. */
  readonly description: string;
  /** Never shown, and readable from a file named by `<name>_FILE`. */
  readonly secret: boolean;
}

/** A configuration: an object of variables and of nested slices (objects of variables). */
export type ConfigSchema = z.ZodObject;

/** One variable of a schema, found by {@link variablesOf}. */
export interface SchemaVariable extends VariableMeta {
  /** Where its value stands in the parsed configuration, e.g. `['kafka', 'brokers']`. */
  readonly path: readonly string[];
  readonly type: z.core.$ZodType;
}

const known = z.registry<VariableMeta>();

/**
 * Ties a zod type to an environment variable. Wrap the finished type, `.default()` and `.optional()` included. The type sees
 * the variable's text, or undefined when it is unset or empty.
 */
export function variable<T extends z.ZodType>(name: string, description: string, type: T): T {
  return register(type, { name, description, secret: false });
}

/** A required secret: not empty, wrapped in {@link Secret}, also readable from the file that `<name>_FILE` names. */
export function secretVariable(
  name: string,
  description: string,
): z.ZodType<Secret, string> & z.core.$ZodType<Secret, string> {
  return register(asSecret(), { name, description, secret: true });
}

/** Like {@link secretVariable}, but may be unset. */
export function optionalSecretVariable(
  name: string,
  description: string,
): z.ZodType<Secret | undefined, string | undefined> {
  return register(asSecret().optional(), { name, description, secret: true });
}

/** A secret with a structure: `parse` turns its text into what the program uses and must wrap what is secret in it itself. */
export function parsedSecretVariable<T extends z.ZodType>(name: string, description: string, type: T): T {
  return register(type, { name, description, secret: true });
}

/** `true`, `1`, `yes`, `on` and their opposites. */
export function flag(byDefault: boolean): z.ZodType<boolean, string | undefined> {
  return z.stringbool({ error: 'must be true or false' }).default(byDefault);
}

/** A whole number within bounds, written in decimal digits. */
export function wholeNumber(min: number, max: number): z.ZodType<number, string> {
  const error = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^-?\d{1,15}$/, { error, abort: true })
    .transform(Number)
    .refine((value) => value >= min && value <= max, { error });
}

/** An absolute http or https URL, kept without a trailing slash. Credentials in it are refused: it is printed at start. */
export function httpUrl(): z.ZodType<string, string> {
  return z
    .url({ protocol: /^https?$/, error: 'must be an absolute http or https URL', abort: true })
    .refine((url) => new URL(url).username === '' && new URL(url).password === '', {
      error: 'must not hold a user name or password',
    })
    .transform((url) => url.replace(/\/+$/, ''));
}

/** A list separated by commas; blanks around entries are dropped. At least one entry. */
export function commaList(): z.ZodType<readonly string[], string> {
  return z
    .string()
    .transform((text) =>
      text
        .split(',')
        .map((entry) => entry.trim())
        .filter((entry) => entry !== ''),
    )
    .refine((entries) => entries.length > 0, { error: 'must name at least one, separated by commas' });
}

/**
 * All variables of a schema in the order in which they are written.
 * @throws when a field is neither a variable nor an object of variables, or when two fields claim one name: mistakes in code.
 */
export function variablesOf(schema: ConfigSchema): readonly SchemaVariable[] {
  const found = [...walk(schema, [])];
  const names = new Set<string>();
  for (const { name } of found) {
    if (names.has(name))
      throw new Error(`Two fields of the configuration schema read ${name}; give it to one`);
    names.add(name);
  }
  return found;
}

function* walk(schema: ConfigSchema, path: readonly string[]): Generator<SchemaVariable> {
  for (const [key, type] of Object.entries(schema.shape)) {
    const here = [...path, key];
    const meta = known.get(type);
    if (meta) yield { ...meta, path: here, type };
    else if (type instanceof z.ZodObject) yield* walk(type, here);
    else
      throw new Error(
        `The configuration field ${here.join('.')} has no variable; wrap its type in variable()`,
      );
  }
}

function register<T extends z.ZodType>(type: T, meta: VariableMeta): T {
  if (!/^[A-Z][A-Z0-9_]*$/.test(meta.name)) throw new Error(`${meta.name} is no name for a variable`);
  // A clone, so that one type can serve several variables.
  const own = type.clone();
  known.add(own, meta);
  return own;
}

function asSecret(): z.ZodType<Secret, string> {
  return z
    .string()
    .min(1)
    .transform((value) => new Secret(value));
}
