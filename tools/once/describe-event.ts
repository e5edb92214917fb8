import type { JudgedEvent } from './judge.ts';
import type { Trace, TracedCommand, TraceStep } from './trail.ts';

/** The way of one event with times since its first step: webhook → record → command → message SID → delivered. */
export function describeEvent({ event, trace, problems }: JudgedEvent): string[] {
  return [
    '',
    `${problems.length === 0 ? '✓' : '✗'} ${event.title}`,
    ...(trace ? describeTrace(trace) : []),
    ...problems.map((problem) => `    problem   ${problem}`),
  ];
}

function describeTrace(trace: Trace): string[] {
  return [
    ...trace.notices.slice(0, 1).map(({ noticeId }) => `    notice    ${noticeId.slice(0, 12)}…`),
    ...trace.steps
      .filter(({ step }) => step === 'accept')
      .slice(0, 1)
      .map(describeStep),
    ...describeReading(trace),
    ...trace.commands.flatMap((command) => describeCommand(command, trace.steps[0]?.at ?? 0)),
    ...trace.notSent.slice(0, 2).map(({ reason, sentence }) => `    not sent  ${reason}: ${sentence}`),
  ];
}

/** What held the reading up, if anything did, and the first state that was read. */
function describeReading({ steps, records }: Trace): string[] {
  const fetches = steps.filter(({ step }) => step === 'fetch');
  const read = fetches.find(({ status }) => status === 'fetched');
  const first = fetches[0];
  return [
    ...(first && first !== read ? [describeStep(first)] : []),
    ...records.slice(0, 1).map(({ recordId }) => `    record    ${recordId.slice(0, 12)}…`),
    ...(read ? [describeStep(read)] : []),
  ];
}

function describeCommand(command: TracedCommand, startedAt: number): string[] {
  const { commandId, channel, recipient, result, messageSid } = command;
  const receiver = channel === null ? 'nobody' : `${channel} to ${recipient ?? '?'}`;
  const steps = command.steps.map(
    ({ step, status, at }) => `${step}/${status} ${after(at - startedAt).trim()}`,
  );
  return [
    `    command   ${commandId} ${receiver} (${result})`,
    `    message   ${messageSid ?? '–'}`,
    `    path      ${steps.join(' → ')}`,
  ];
}

function describeStep({ step, sinceStartMs, sentence }: TraceStep): string {
  return `    ${step.padEnd(9)} ${after(sinceStartMs)}  ${sentence}`;
}

function after(ms: number): string {
  return `+${ms} ms`.padStart(10);
}
