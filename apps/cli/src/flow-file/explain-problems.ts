import { CliError } from '../cli-error.js';
import { ApiRefusal } from '../http/api-client.js';
import { flowProblemsAnswer } from '../http/console-answers.js';
import { oneLine } from '../output/table.js';

/** Turns the console's refusal of a definition into lines that editors understand: `file:line:column: what`. */
export function withProblems<T>(file: string, work: Promise<T>): Promise<T> {
  return work.catch((error: unknown) => {
    if (!(error instanceof ApiRefusal)) throw error;
    const answer = flowProblemsAnswer.safeParse(error.body);
    if (!answer.success) throw error;
    const lines = answer.data.problems.map(
      ({ line, column, path, message }) => `${file}:${line}:${column}: ${path}: ${oneLine(message)}`,
    );
    throw new CliError(lines.join('\n'), { cause: error });
  });
}
