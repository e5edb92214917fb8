import { describeEvent } from './describe-event.ts';
import type { JudgedEvent } from './judge.ts';

/** How a run was judged. */
export interface RunReport {
  readonly ok: boolean;
  readonly judged: readonly JudgedEvent[];
  /** Commands that the vendor has seen twice. */
  readonly doubles: readonly string[];
  /** What is wrong with the run as a whole. */
  readonly problems: readonly string[];
}

/** Prints the way of each event with times: a list for people, one JSON object for programs. */
export function printReport({ ok, judged, doubles, problems }: RunReport, json: boolean): void {
  if (json) {
    const events = judged.map(({ event, effects, problems: own, trace }) => ({
      ...event,
      effects,
      problems: own,
      trace,
    }));
    console.log(JSON.stringify({ ok, doubles, problems, events }));
    return;
  }
  for (const one of judged) console.log(describeEvent(one).join('\n'));
  for (const key of doubles) console.log(`✗ the vendor has seen twice: ${key}`);
  for (const problem of problems) console.log(`✗ ${problem}`);
  const passed = judged.filter((one) => one.problems.length === 0).length;
  console.log(
    `\n${passed} of ${judged.length} events ended as they must; commands seen twice: ${doubles.length}.`,
  );
}
