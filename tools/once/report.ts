import type { JudgedEvent } from './judge.ts';
import type { TracedCommand } from './trail.ts';

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
  for (const one of judged) console.log(describe(one).join('\n'));
  for (const key of doubles) console.log(`✗ the vendor has seen twice: ${key}`);
  for (const problem of problems) console.log(`✗ ${problem}`);
  const passed = judged.filter((one) => one.problems.length === 0).length;
  console.log(
    `\n${passed} of ${judged.length} events ended as they must; commands seen twice: ${doubles.length}.`,
  );
}

function describe({ event, trace, problems }: JudgedEvent): string[] {
  const lines = ['', `${problems.length === 0 ? '✓' : '✗'} ${event.title}`];
  for (const { noticeId } of trace?.notices.slice(0, 1) ?? [])
    lines.push(`    notice    ${noticeId.slice(0, 12)}…`);
  for (const step of trace?.steps
    .filter(({ step: name }) => name === 'accept' || name === 'fetch')
    .slice(0, 2) ?? [])
    lines.push(`    ${step.step.padEnd(9)} ${after(step.sinceStartMs)}  ${step.sentence}`);
  for (const command of trace?.commands ?? [])
    lines.push(...describeCommand(command, trace?.steps[0]?.at ?? 0));
  for (const { reason, sentence } of trace?.notSent.slice(0, 2) ?? [])
    lines.push(`    not sent  ${reason}: ${sentence}`);
  return [...lines, ...problems.map((problem) => `    problem   ${problem}`)];
}

function describeCommand(command: TracedCommand, startedAt: number): string[] {
  const head = `    command   ${command.commandId} ${command.channel ?? ''} to ${command.recipient ?? '?'} (${command.result})`;
  const steps = command.steps.map(
    ({ step, status, at }) => `${step}/${status} ${after(at - startedAt).trim()}`,
  );
  return [head, `    message   ${command.messageSid ?? '–'}`, `    path      ${steps.join(' → ')}`];
}

function after(ms: number): string {
  return `+${ms} ms`.padStart(10);
}
