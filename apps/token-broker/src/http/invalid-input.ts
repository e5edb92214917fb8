import { LedgerwireError } from '#libs/core';
import { z } from 'zod';

/** One field that does not fit. */
export interface InputProblem {
  /** Dotted path, e.g. `credentials.accountSid`. */
  readonly field: string;
  /** What it must be; never what it was. */
  readonly problem: string;
}

/** A request that asks for something that cannot be: answered 400 with its problems, all at once. */
export class InvalidInput extends LedgerwireError {
  override readonly name: string = 'InvalidInput';

  constructor(readonly problems: readonly InputProblem[]) {
    super(
      `the request does not fit: ${problems.map(({ field, problem }) => `${field} ${problem}`).join('; ')}`,
      {
        code: 'invalid-input',
        disposition: 'dead-letter',
      },
    );
  }

  /** From zod's issues, which name expectations and not values; `within` is put before the fields. */
  static of(error: z.ZodError, within?: string): InvalidInput {
    return new InvalidInput(
      error.issues.map((issue) => ({
        field: [...(within === undefined ? [] : [within]), ...issue.path.map(String)].join('.') || 'body',
        problem: issue.message,
      })),
    );
  }

  /** The value as the schema reads it. @throws InvalidInput */
  static read<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    throw InvalidInput.of(parsed.error);
  }
}
