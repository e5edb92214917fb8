import type { ContactCommand, EpochMs } from '#libs/contracts';
import type { Flow } from '../definition/flow.js';
import { evaluateFlow } from '../evaluation/evaluate-flow.js';
import { evaluateDebtor, evaluateReminder } from '../evaluation/evaluate-reminder.js';
import type {
  EntityReference,
  Evaluation,
  EvaluationInput,
  MessageDraft,
  MessageSize,
} from '../evaluation/evaluation.js';
import { whyNoEvent } from '../events/business-events.js';
import { type Skip, skipReasons } from '../events/skip-reasons.js';
import type { ReminderPlan } from '../reminders/reminder.js';
import type { TemplateRenderer } from '../templates/template-renderer.js';

/** What a preview is made with, besides the flow and the record. `previous` left out: as if the record were news. */
export interface PreviewContext
  extends
    Partial<Pick<EvaluationInput, 'previous'>>,
    Omit<EvaluationInput, 'record' | 'previous' | 'isDerived' | 'heldSince' | 'ignoreQuiet' | 'ignoreAge'> {
  readonly renderer: TemplateRenderer;
}

/** A message that would go out. */
export interface PreviewedMessage {
  readonly stepId: string;
  readonly businessEvent: string;
  /** When: at once, after quiet hours, or when a reminder is due. UTC. */
  readonly at: EpochMs;
  /** Why it would go out then: `now`, `quiet-hours` or `reminder`. */
  readonly because: 'now' | 'quiet-hours' | 'reminder';
  readonly recipientKind: string;
  /** The full address; personal data. */
  readonly to: string;
  /** The address as trails show it. */
  readonly recipient: string;
  readonly channel: string;
  readonly sender: string | null;
  readonly subject: string | null;
  readonly body: string;
  readonly html: string | null;
  readonly size: MessageSize | null;
  /** Why this channel, when it was not the first choice. */
  readonly detail: string | null;
}

/** Why a step sends nothing, or not to somebody. */
export interface PreviewedSilence {
  readonly stepId: string | null;
  readonly businessEvent: string | null;
  readonly reason: string;
  /** One sentence, without personal data. */
  readonly detail: string;
}

/** What would be sent to whom and why, and why not. */
export interface FlowPreview {
  readonly messages: readonly PreviewedMessage[];
  readonly silences: readonly PreviewedSilence[];
  readonly contacts: readonly ContactCommand[];
  /** Not empty: give these in the context (null where they do not exist) and ask again. */
  readonly needs: readonly EntityReference[];
}

/**
 * What a flow would make of a record, without any state: nothing counts as sent before, the daily cap is not applied, and
 * age does not matter. Reminders are shown with the text that they would have on their day if nothing changed.
 * @throws as `evaluateFlow`.
 */
export async function previewFlow(
  flow: Flow,
  record: EvaluationInput['record'],
  { renderer, ...context }: PreviewContext,
): Promise<FlowPreview> {
  const input: EvaluationInput = { previous: null, ...context, record, ignoreAge: true };
  const awake = await evaluateFlow(flow, { ...input, ignoreQuiet: true }, renderer);
  const asleep = await evaluateFlow(flow, input, renderer);
  const waits = new Map(asleep.deferrals.map(({ commandId, until }) => [commandId, until]));
  const reminded = await Promise.all(
    awake.reminders.map((plan) => previewReminder(flow, plan, input, renderer)),
  );
  const now = awake.messages.map((draft) => {
    const until = waits.get(draft.command.commandId);
    return previewOf(draft, until ?? input.now, until === undefined ? 'now' : 'quiet-hours');
  });
  const silences = [
    ...awake.skips,
    ...asleep.skips.filter(isByQuietHours),
    ...reminded.flatMap(({ skips }) => skips),
  ];
  const messages = [...now, ...reminded.flatMap((reminder) => reminder.messages)];
  return {
    messages,
    silences: [...silences.map(silenceOf), ...silentSteps(flow, input, messages, silences)],
    contacts: awake.contacts,
    needs: uniqueNeeds([...awake.needs, ...reminded.flatMap(({ needs }) => needs)]),
  };
}

/** Skips that the quiet hours alone bring about. */
function isByQuietHours({ reason, detail }: Skip): boolean {
  return reason === 'too-late' && detail.includes('quiet hours');
}

async function previewReminder(
  flow: Flow,
  plan: ReminderPlan,
  input: EvaluationInput,
  renderer: TemplateRenderer,
): Promise<Pick<Evaluation, 'skips' | 'needs'> & { readonly messages: PreviewedMessage[] }> {
  const then = { ...input, now: plan.fireAt, ignoreQuiet: true };
  const alone = await evaluateReminder(flow, plan, then, renderer);
  const [join] = alone.joins;
  const { record } = input;
  const together = join
    ? await evaluateDebtor(
        flow,
        { ...join, members: [{ record, days: join.days }] },
        { ...then, debts: input.debts ?? [record] },
        renderer,
      )
    : alone;
  const awake = await firstHour(flow, plan, input, renderer);
  const because = awake === plan.fireAt ? 'reminder' : 'quiet-hours';
  return {
    skips: together.skips,
    needs: together.needs,
    messages: together.messages.map((draft) => previewOf(draft, awake, because)),
  };
}

/** When a reminder would leave, quiet hours considered. */
async function firstHour(
  flow: Flow,
  plan: ReminderPlan,
  input: EvaluationInput,
  renderer: TemplateRenderer,
): Promise<EpochMs> {
  if (!flow.quietHours) return plan.fireAt;
  const alone = { ...flow, steps: flow.steps.map(ungrouped) };
  const { deferrals } = await evaluateReminder(alone, plan, { ...input, now: plan.fireAt }, renderer);
  return deferrals.length === 0 ? plan.fireAt : Math.min(...deferrals.map(({ until }) => until));
}

function ungrouped(step: Flow['steps'][number]): Flow['steps'][number] {
  return step.schedule ? { ...step, schedule: { ...step.schedule, grouped: false } } : step;
}

/** Steps of which nothing has been said yet: the record does not bring what they wait for. */
function silentSteps(
  flow: Flow,
  input: EvaluationInput,
  messages: readonly PreviewedMessage[],
  skips: readonly Skip[],
): PreviewedSilence[] {
  const spoken = new Set([...messages, ...skips].map(({ stepId }) => stepId));
  const silent = flow.steps.filter(({ id }) => !spoken.has(id));
  return silent.map(({ id, trigger }) => {
    const reason = whyNoEvent(input.previous, input.record, trigger);
    if (reason !== null) return { stepId: id, businessEvent: null, reason, detail: skipReasons[reason] };
    const detail = `The step waits for ${trigger}; this record is of another kind.`;
    return { stepId: id, businessEvent: null, reason: 'no-trigger', detail };
  });
}

function previewOf(draft: MessageDraft, at: EpochMs, because: PreviewedMessage['because']): PreviewedMessage {
  const { command, recipient, size, detail } = draft;
  const { businessEvent, recipientKind, to, channel, sender, subject, body, html } = command;
  const about = { businessEvent, recipientKind, to, channel, sender, subject, body, html };
  return { ...about, stepId: command.flowStep, at, because, recipient, size, detail };
}

function silenceOf({ stepId, businessEvent, reason, detail }: Skip): PreviewedSilence {
  return { stepId, businessEvent, reason, detail };
}

function uniqueNeeds(needs: readonly EntityReference[]): EntityReference[] {
  return [...new Map(needs.map((need) => [`${need.entityType}/${need.entityId}`, need])).values()];
}
