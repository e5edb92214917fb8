import type { JudgedEvent } from './play-scenario.ts';
import type { TracedCommand } from './trail.ts';

/** Prints the way of each event with times: a list for people, one JSON object for programs. */
export function printReport(judged: readonly JudgedEvent[], doubles: readonly string[], json: boolean): void {
  const ok = doubles.length === 0 && judged.every(({ problems }) => problems.length === 0);
  if (json) {
    const events = judged.map(({ event, effects, problems, trace }) => ({
      ...event,
      effects,
      problems,
      trace,
    }));
    console.log(JSON.stringify({ ok, doubles, events }));
    return;
  }
  for (const one of judged) console.log(describe(one).join('\n'));
  for (const key of doubles) console.log(`✗ the vendor has seen twice: ${key}`);
  const passed = judged.filter(({ problems }) => problems.length === 0).length;
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
