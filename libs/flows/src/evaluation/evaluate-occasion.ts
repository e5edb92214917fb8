import { evaluateCondition } from '../conditions/evaluate-condition.js';
import type { Branch } from '../definition/flow.js';
import type { Skip } from '../events/skip-reasons.js';
import type { TemplateRenderer } from '../templates/template-renderer.js';
import { deliver } from './deliver.js';
import type { Evaluation } from './evaluation.js';
import { type Occasion, skipOf } from './occasion.js';

/** Decides the conditions of an occasion and makes the messages of the branch that applies. */
export async function evaluateOccasion(
  occasion: Occasion,
  renderer: TemplateRenderer,
): Promise<Partial<Evaluation>> {
  const excluded = whyExcluded(occasion);
  if (excluded) return { skips: [excluded] };
  const branch = branchOf(occasion);
  return branch ? deliver(branch.delivery, occasion, renderer) : {};
}

/** The conditions that leave an occasion without a message; undefined when there is one to make. */
export function whyExcluded(occasion: Occasion): Skip | undefined {
  const { step, model } = occasion;
  const verdict = step.condition && evaluateCondition(step.condition, model.facts);
  if (verdict?.met === false)
    return skipOf(occasion, 'condition-not-met', { detail: sentence(verdict.because) });
  if (branchOf(occasion)) return undefined;
  const because = step.branches.flatMap(({ condition }, index) => {
    const choice = condition && evaluateCondition(condition, model.facts);
    return choice?.met === false ? [`choice ${index + 1}: ${choice.because}`] : [];
  });
  return skipOf(occasion, 'condition-not-met', {
    detail: `None of the choices applies: ${because.slice(0, MAX_CHOICES).join('; ')}.`,
  });
}

/** So many choices are told of; the trail is no copy of the flow. */
const MAX_CHOICES = 10;

function branchOf({ step, model }: Occasion): Branch | undefined {
  return step.branches.find(
    ({ condition }) => condition === null || evaluateCondition(condition, model.facts).met,
  );
}

function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}
