import { LedgerwireError } from '#libs/core';

/** One thing that is wrong with the environment: which variable, and what to do about it. Never holds a value. */
export interface ConfigProblem {
  readonly variable: string;
  readonly message: string;
}

/**
 * The environment does not fit the schema. When: at start, before anything is connected. Usual cause: a variable was
 * forgotten or a secret's file is not mounted. The service does not start (exit code 1).
 */
export class ConfigError extends LedgerwireError {
  override readonly name = 'ConfigError';

  constructor(readonly problems: readonly ConfigProblem[]) {
    super(
      `The configuration has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:\n` +
        problems.map(({ variable, message }) => `  ${variable}: ${message}`).join('\n'),
      { code: 'config-invalid', disposition: 'halt' },
    );
  }
}
