import type { EpochMs } from '#libs/contracts';
import type { Flow } from '../definition/flow.js';
import { isReminderTrigger } from '../events/triggers.js';
import type { TemplateRenderer } from '../templates/template-renderer.js';
import { evaluateOccasion } from './evaluate-occasion.js';
import { type Evaluation, type EvaluationInput, mergeEvaluations, NOTHING } from './evaluation.js';
import { occasionOf, skipOf } from './occasion.js';
import { whyMeanwhile } from './why-meanwhile.js';

/** An event whose message waited for its hour. */
export interface HeldEvent {
  readonly flowId: string;
  readonly stepId: string;
  readonly businessEvent: string;
  readonly changedFields: readonly string[];
  /** When it was put off first. */
  readonly since: EpochMs;
}

/**
 * The messages of an event that was put off, on the state that was fetched for it: or why not any more, or that they have
 * to wait again. What left before comes out as a duplicate.
 * @throws as `evaluateFlow`.
 */
export async function evaluateHeld(
  flow: Flow,
  held: HeldEvent,
  input: EvaluationInput,
  renderer: TemplateRenderer,
): Promise<Evaluation> {
  const { stepId, businessEvent, changedFields, since } = held;
  const step = flow.steps.find(({ id }) => id === stepId);
  if (!step || isReminderTrigger(step.trigger))
    return { ...NOTHING, skips: [skipOf({ flow, step: { id: stepId }, businessEvent }, 'flow-changed')] };
  const reason = flow.enabled ? whyMeanwhile(step.trigger, input.record) : 'flow-disabled';
  if (reason !== null) return { ...NOTHING, skips: [skipOf({ flow, step, businessEvent }, reason)] };
  const found = occasionOf(
    flow,
    step,
    { ...input, heldSince: since },
    { businessEvent, changedFields, reminderDays: null },
  );
  if (!found.ok) return { ...NOTHING, needs: found.needs };
  return mergeEvaluations([await evaluateOccasion(found.occasion, renderer)]);
}
