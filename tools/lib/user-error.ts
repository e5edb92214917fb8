/**
 * A mistake or a lack that the person at the keyboard can put right, or the failure of a child process that its log
 * explains. The message says what is wrong and what to do or where to look; commands print it alone, without a stack trace
 * that would only show this program, and exit 1.
 */
export class UserError extends Error {
  override readonly name: string = 'UserError';
}

/** The text to show for anything that was thrown: the message alone for a UserError, the stack for everything else. */
export function describeFailure(error: unknown): string {
  if (error instanceof UserError) return error.message;
  if (error instanceof Error) return error.stack ?? error.message;
  return String(error);
}
