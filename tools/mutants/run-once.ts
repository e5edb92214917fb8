import { runNode } from '../checks/step.ts';
import type { MutatedCheckout } from './mutated-checkout.ts';
import type { SuiteRun } from './try-mutants.ts';

/** What `npm start -- --once --json` prints, as far as it matters here. */
interface OnceReport {
  readonly ok: boolean;
  readonly doubles: readonly string[];
  readonly problems: readonly string[];
  readonly events: readonly { readonly title: string; readonly problems: readonly string[] }[];
}

/** Plays `npm start -- --once` in a checkout, with a state folder of its own. Red needs a scenario that was played and judged. */
export async function runOnce({ root }: MutatedCheckout): Promise<SuiteRun> {
  const { code, output } = await runNode(['tools/start.ts', '--once', '--json', '--fresh'], {
    checkout: root,
  });
  return readOnce(code, output);
}

/** Reads the verdict from what the command printed and its exit code; what disagrees with itself is broken. */
export function readOnce(code: number, output: string): SuiteRun {
  const report = findReport(output);
  if (!report) return { verdict: 'broken', why: output.trim().split('\n').slice(-3).join(' ') };
  if (report.ok !== (code === 0))
    return { verdict: 'broken', why: `exit code ${code} although ok is ${report.ok}` };
  return { verdict: report.ok ? 'green' : 'red', why: problemsOf(report).join('; ') };
}

/** The report is one line; progress and logs may stand around it. */
function findReport(output: string): OnceReport | undefined {
  const line = output.split('\n').find((text) => text.startsWith('{"ok":'));
  return line === undefined ? undefined : (JSON.parse(line) as OnceReport);
}

function problemsOf({ doubles, problems, events }: OnceReport): string[] {
  const ofEvents = events
    .filter((event) => event.problems.length > 0)
    .map((event) => `${event.title}: ${event.problems.join(', ')}`);
  const all = [...problems, ...ofEvents];
  return doubles.length > 0 ? [...all, `commands seen twice: ${doubles.length}`] : all;
}
