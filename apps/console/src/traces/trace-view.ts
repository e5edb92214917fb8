import type { Outcome } from '#libs/contracts';
import { reasonText, sentenceOf, type Tone, toneOf } from './sentences.js';

/** One thing that happened, for people and programs. Times are epoch milliseconds, UTC. */
export interface TraceStep {
  readonly outcomeId: string;
  readonly at: number;
  /** Since the first step of the trace. */
  readonly sinceStartMs: number;
  readonly step: string;
  readonly status: string;
  readonly tone: Tone;
  readonly reason: string | null;
  readonly sentence: string;
  readonly service: string;
  readonly nextTryAt: number | null;
  readonly messageSid: string | null;
}

/** What the steps of a group have in common. */
interface Group {
  readonly startedAt: number;
  readonly endedAt: number;
  readonly steps: readonly TraceStep[];
}

/** A change that somebody told us of. */
export interface NoticeGroup extends Group {
  readonly noticeId: string;
  readonly entityType: string | null;
  readonly webhookIds: readonly string[];
}

/** A state of the entity that was read, and what flows made of it. */
export interface RecordGroup extends Group {
  readonly recordId: string;
  readonly entityType: string | null;
  readonly entityNumber: string | null;
  readonly noticeIds: readonly string[];
}

/** How a command stands. */
export type CommandResult = 'delivered' | 'sent' | 'in-progress' | 'waiting' | 'not-sent' | 'failed';

/** One intended message. */
export interface CommandGroup extends Group {
  readonly commandId: string;
  readonly recordId: string | null;
  readonly flowId: string | null;
  readonly flowStep: string | null;
  readonly businessEvent: string | null;
  readonly channel: string | null;
  /** Masked. */
  readonly recipient: string | null;
  readonly messageSid: string | null;
  readonly result: CommandResult;
}

/** A message that was not sent, and why. */
export interface NotSent {
  readonly at: number;
  readonly flowId: string | null;
  readonly flowStep: string | null;
  readonly businessEvent: string | null;
  readonly commandId: string | null;
  readonly status: string;
  readonly reason: string;
  readonly sentence: string;
}

/** The whole way of one event: notice → record → commands → delivery. */
export interface TraceView {
  /** The id that was asked for. */
  readonly id: string;
  readonly startedAt: number;
  readonly endedAt: number;
  readonly durationMs: number;
  readonly vendor: string | null;
  readonly connectionId: string | null;
  readonly entityType: string | null;
  readonly entityId: string | null;
  readonly entityNumber: string | null;
  /** More than one where an id is not one company's alone: each may have an INV-0001. */
  readonly workspaceIds: readonly string[];
  readonly webhookIds: readonly string[];
  readonly traceIds: readonly string[];
  readonly notices: readonly NoticeGroup[];
  readonly records: readonly RecordGroup[];
  readonly commands: readonly CommandGroup[];
  readonly notSent: readonly NotSent[];
  /** Everything, in order of time. */
  readonly steps: readonly TraceStep[];
}

const NOT_SENT = new Set(['skipped', 'duplicate', 'cancelled']);

/** Groups the outcomes of a trace, which come in order of time. undefined when there are none. */
export function traceView(id: string, outcomes: readonly Outcome[]): TraceView | undefined {
  const [first] = outcomes;
  const last = outcomes.at(-1);
  if (!first || !last) return undefined;
  const steps = new Map(outcomes.map((outcome) => [outcome.outcomeId, stepOf(outcome, first.at)]));
  const grouped = new Grouping(steps, commandsOfMessages(outcomes));
  for (const outcome of outcomes) grouped.add(outcome);
  return {
    id,
    startedAt: first.at,
    endedAt: last.at,
    durationMs: last.at - first.at,
    ...subjectOf(outcomes),
    workspaceIds: unique(outcomes.map(({ workspaceId }) => workspaceId)),
    webhookIds: unique(outcomes.flatMap((outcome) => outcome.webhookIds)),
    traceIds: unique(outcomes.flatMap((outcome) => outcome.traceId ?? [])),
    notices: grouped.notices(),
    records: grouped.records(),
    commands: grouped.commands(),
    notSent: notSentIn(outcomes),
    steps: [...steps.values()],
  };
}

/** Sorts outcomes to the most particular thing that they are about. */
class Grouping {
  private readonly byNotice = new Map<string, Outcome[]>();
  private readonly byRecord = new Map<string, Outcome[]>();
  private readonly byCommand = new Map<string, Outcome[]>();

  constructor(
    private readonly steps: ReadonlyMap<string, TraceStep>,
    private readonly commandOf: ReadonlyMap<string, string>,
  ) {}

  add(outcome: Outcome): void {
    const commandId = outcome.commandId ?? this.commandOf.get(outcome.messageSid ?? '') ?? null;
    if (commandId !== null) put(this.byCommand, commandId, outcome);
    else if (outcome.recordId !== null) put(this.byRecord, outcome.recordId, outcome);
    else for (const noticeId of outcome.noticeIds) put(this.byNotice, noticeId, outcome);
  }

  notices(): NoticeGroup[] {
    return [...this.byNotice].map(([noticeId, outcomes]) => ({
      noticeId,
      entityType: known(outcomes, 'entityType'),
      webhookIds: unique(outcomes.flatMap((outcome) => outcome.webhookIds)),
      ...this.group(outcomes),
    }));
  }

  records(): RecordGroup[] {
    return [...this.byRecord].map(([recordId, outcomes]) => ({
      recordId,
      entityType: known(outcomes, 'entityType'),
      entityNumber: known(outcomes, 'entityNumber'),
      noticeIds: unique(outcomes.flatMap((outcome) => outcome.noticeIds)),
      ...this.group(outcomes),
    }));
  }

  commands(): CommandGroup[] {
    return [...this.byCommand].map(([commandId, outcomes]) => ({
      commandId,
      recordId: known(outcomes, 'recordId'),
      flowId: known(outcomes, 'flowId'),
      flowStep: known(outcomes, 'flowStep'),
      businessEvent: known(outcomes, 'businessEvent'),
      channel: known(outcomes, 'channel'),
      recipient: known(outcomes, 'recipient'),
      messageSid: known(outcomes, 'messageSid'),
      result: resultOf(outcomes),
      ...this.group(outcomes),
    }));
  }

  private group(outcomes: readonly Outcome[]): Group {
    const steps = outcomes.flatMap((outcome) => this.steps.get(outcome.outcomeId) ?? []);
    return { startedAt: steps[0]?.at ?? 0, endedAt: steps.at(-1)?.at ?? 0, steps };
  }
}

/** A report that came before its send was booked names only the message. */
function commandsOfMessages(outcomes: readonly Outcome[]): Map<string, string> {
  return new Map(
    outcomes.flatMap(({ messageSid, commandId }): [string, string][] =>
      messageSid !== null && commandId !== null ? [[messageSid, commandId]] : [],
    ),
  );
}

/**
 * Where a command has come to. The furthest word counts and not the last: reports come late and out of order, and a duplicate
 * that was dropped says nothing about the message itself.
 */
function resultOf(outcomes: readonly Outcome[]): CommandResult {
  const said = new Set(outcomes.map(wordOf));
  const any = (...words: readonly string[]): boolean => words.some((word) => said.has(word));
  if (any('deliver/delivered', 'deliver/read', 'deliver/opened')) return 'delivered';
  if (any('deliver/canceled')) return 'not-sent';
  const failure = lastFailure(outcomes);
  if (failure) return failure.nextTryAt === null ? 'failed' : 'waiting';
  if (any('send/sent')) return 'sent';
  if (any('send/skipped', 'send/cancelled', 'map/skipped', 'map/cancelled')) return 'not-sent';
  if (any('send/parked', 'send/uncertain', 'map/scheduled')) return 'waiting';
  if (any('map/mapped', 'send/sending')) return 'in-progress';
  return any('map/duplicate', 'send/duplicate') ? 'not-sent' : 'in-progress';
}

const FAILURES = new Set(['deliver/undelivered', 'deliver/failed', 'send/failed', 'send/dead-lettered']);

/** The last failure, unless the command was sent again since, as another message. */
function lastFailure(outcomes: readonly Outcome[]): Outcome | undefined {
  const failure = outcomes.findLast((outcome) => FAILURES.has(wordOf(outcome)));
  const sent = outcomes.findLast((outcome) => wordOf(outcome) === 'send/sent');
  const sentAgain =
    failure !== undefined &&
    sent !== undefined &&
    sent.at >= failure.at &&
    sent.messageSid !== failure.messageSid;
  return sentAgain ? undefined : failure;
}

function wordOf(outcome: Outcome): string {
  return `${outcome.step}/${outcome.status}`;
}

/**
 * Messages that would have been. That no flow wants a record (a contact that was read for its invoice) is no message that was
 * not sent; it is told only where nothing else is, as the answer to why nothing came of the event.
 */
function notSentIn(outcomes: readonly Outcome[]): NotSent[] {
  const passedOver = outcomes.filter(
    ({ step, status }) => NOT_SENT.has(status) && (step === 'map' || step === 'send'),
  );
  const messages = passedOver.filter(
    ({ flowStep, commandId, businessEvent }) =>
      flowStep !== null || commandId !== null || businessEvent !== null,
  );
  const cameOfIt = messages.length > 0 || outcomes.some((outcome) => outcome.commandId !== null);
  return (cameOfIt ? messages : passedOver).map(notSentOf);
}

function notSentOf(outcome: Outcome): NotSent {
  const { at, flowId, flowStep, businessEvent, commandId, status } = outcome;
  const reason = outcome.reason ?? status;
  const sentence = outcome.detail ?? reasonText(reason);
  return { at, flowId, flowStep, businessEvent, commandId, status, reason, sentence };
}

/** One step in words. */
export function stepOf(outcome: Outcome, startedAt: number): TraceStep {
  return {
    outcomeId: outcome.outcomeId,
    at: outcome.at,
    sinceStartMs: outcome.at - startedAt,
    step: outcome.step,
    status: outcome.status,
    tone: toneOf(outcome),
    reason: outcome.reason,
    sentence: sentenceOf(outcome),
    service: outcome.service,
    nextTryAt: outcome.nextTryAt,
    messageSid: outcome.messageSid,
  };
}

function subjectOf(
  outcomes: readonly Outcome[],
): Pick<TraceView, 'vendor' | 'connectionId' | 'entityType' | 'entityId' | 'entityNumber'> {
  return {
    vendor: known(outcomes, 'vendor'),
    connectionId: known(outcomes, 'connectionId'),
    entityType: known(outcomes, 'entityType'),
    entityId: known(outcomes, 'entityId'),
    entityNumber: known(outcomes, 'entityNumber'),
  };
}

function known<K extends keyof Outcome>(outcomes: readonly Outcome[], key: K): Outcome[K] | null {
  return outcomes.find((outcome) => outcome[key] !== null)?.[key] ?? null;
}

function put(into: Map<string, Outcome[]>, key: string, outcome: Outcome): void {
  const list = into.get(key);
  if (list) list.push(outcome);
  else into.set(key, [outcome]);
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)];
}
