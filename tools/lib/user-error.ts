/**
 * A mistake or a lack that the person at the keyboard can put right. The message says what is wrong and what to do;
 * commands print it alone, without a stack trace, and exit 1.
 */
export class UserError extends Error {
  override readonly name = 'UserError';
}

/** The text to show for anything that was thrown: the message alone for a UserError, the stack for everything else. */
export function describeFailure(error: unknown): string {
  if (error instanceof UserError) return error.message;
  if (error instanceof Error) return error.stack ?? error.message;
  return String(error);
}
