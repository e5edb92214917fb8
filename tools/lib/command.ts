import { describeFailure } from './user-error.ts';

/**
 * Runs a command to its end: its number is the exit code, and what it throws is told as a person needs it. Ctrl-C is left
 * to the child processes, which get it from the terminal themselves; the command ends when they have.
 */
export async function runCommand(command: (args: readonly string[]) => Promise<number>): Promise<void> {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      process.exitCode = 130;
    });
  }
  try {
    const code = await command(process.argv.slice(2));
    process.exitCode ??= code;
  } catch (error) {
    console.error(describeFailure(error));
    process.exitCode = 1;
  }
}
