import type { ExpectedEvent, ExpectedMessage } from './expected-event.ts';
import { arrivedOf, type LedgerLine, type Trace, type TracedCommand } from './trail.ts';

/** An event, what the trail says of it and whether it is as expected. */
export interface JudgedEvent {
  readonly event: ExpectedEvent;
  readonly trace: Trace | undefined;
  /** Messages to the recipients of the event in the truth ledger. */
  readonly effects: number;
  readonly problems: readonly string[];
  /** What went wrong cannot come right by waiting: a message too many, a redelivery taken for news. */
  readonly spoilt: boolean;
}

/** Compares an event with the truth ledger (who got how many messages) and with the trail (what each was about, and why not). */
export function judge(
  event: ExpectedEvent,
  trace: Trace | undefined,
  lines: readonly LedgerLine[],
  callbacksOver: boolean,
): JudgedEvent {
  const own = event.messages.filter(({ shared }) => shared !== true);
  const recipients = [...new Set(own.map(({ to }) => to))];
  const received = recipients.map((to) => ({ to, count: lines.filter((line) => line.to === to).length }));
  const redelivered = redeliveredTo(trace);
  const arrived = arrivedOf(trace, callbacksOver).filter((command) => concerns(command, trace));
  const problems = [
    ...received.flatMap(({ to, count }) => wrongCount(event, to, count)),
    ...wrongArrivals(event.messages, arrived),
    ...unbooked(arrived),
    ...missingReason(event, trace),
    ...redelivered,
  ];
  const effects = received.reduce((sum, { count }) => sum + count, 0);
  return {
    event,
    trace,
    effects,
    problems: trace ? problems : ['the trail knows nothing of it', ...problems],
    spoilt: redelivered.length > 0 || effects > event.messages.length,
  };
}

function wrongCount({ messages }: ExpectedEvent, to: string, count: number): string[] {
  const wanted = messages.filter((message) => message.to === to).length;
  return count === wanted ? [] : [`${count} messages to ${to} at the vendor instead of ${wanted}`];
}

/**
 * What is read together shares a trace: a bill brings its vendor along. Messages about people belong to the event about people,
 * those about documents to the one about the document.
 */
function concerns({ businessEvent }: TracedCommand, trace: Trace | undefined): boolean {
  const aboutPerson = /^(contact|vendor)\//.test(businessEvent ?? '');
  return aboutPerson === (trace?.entityType === 'contact');
}

/** By the trail: exactly the expected messages arrived, told apart by what they are about. */
function wrongArrivals(messages: readonly ExpectedMessage[], arrived: readonly TracedCommand[]): string[] {
  const abouts = new Set([
    ...messages.map(({ about }) => about),
    ...arrived.map(({ businessEvent }) => aboutOf(businessEvent)),
  ]);
  return [...abouts].flatMap((about) => {
    const wanted = messages.filter((message) => message.about === about).length;
    const got = arrived.filter(({ businessEvent }) => aboutOf(businessEvent) === about).length;
    return got === wanted ? [] : [`${got} messages "${about}" arrived by the trail instead of ${wanted}`];
  });
}

/**
 * Xero's webhooks came three times each. Several may be read together, but at least one redelivery must have been recognised by
 * the fingerprint of its state; what is told twice has the same outcome id, so that the trail shows nothing else of it.
 */
export function wholeRunProblems(judged: readonly JudgedEvent[]): string[] {
  const recognised = judged.some(({ trace }) => trace?.steps.some(({ status }) => status === 'unchanged'));
  return recognised ? [] : ['no redelivered webhook was recognised by what had been read before'];
}

/** A report of delivery proves that the message left; the sender must have taken the proof, or it may send again. */
function unbooked(arrived: readonly TracedCommand[]): string[] {
  return arrived
    .filter(({ steps }) => !steps.some(({ step, status }) => step === 'send' && status === 'sent'))
    .map(({ commandId }) => `command ${commandId} arrived, but its sender does not know that it left`);
}

/** `invoice/42/overdue/5d` → `overdue/5d`; state and version at the end of `contact/7/changed/<digest>/<version>` are nobody's to foretell. */
function aboutOf(businessEvent: string | null): string {
  const about = businessEvent?.split('/').slice(2).join('/') ?? 'unknown';
  return about.replace(/\/[0-9a-f]{16}\/\d+$/, '');
}

function missingReason({ notSent }: ExpectedEvent, trace: Trace | undefined): string[] {
  const reasons = reasonsOf(trace);
  if (notSent.length === 0 || notSent.some((reason) => reasons.includes(reason))) return [];
  return [`no reason ${notSent.join(' or ')} in the trail (${reasons.join(', ') || 'none'})`];
}

/** A redelivered webhook must end at the fetcher, which has seen its state; further on it would be a second event. */
function redeliveredTo(trace: Trace | undefined): string[] {
  const steps = trace?.steps ?? [];
  return steps
    .filter(({ status }) => status === 'duplicate')
    .map(({ step }) => `a redelivery got further than the fetcher (${step}/duplicate)`);
}

function reasonsOf(trace: Trace | undefined): string[] {
  return trace?.notSent.map(({ reason }) => reason) ?? [];
}
