import { LineCounter, parseDocument } from 'yaml';
import { isReminderTrigger } from '../events/triggers.js';
import { buildModel, type Subject } from '../evaluation/model.js';
import { SAMPLE_NOW, sampleSource } from '../samples/sample-records.js';
import { sampleSubject, sparseSubject } from '../samples/sample-subjects.js';
import type { TemplatePart, TemplateProblem } from '../templates/template-failure.js';
import type { TemplateModel } from '../templates/template-model.js';
import type { TemplateRenderer } from '../templates/template-renderer.js';
import type { Delivery, Flow, Step } from './flow.js';
import { type ProblemPath, ProblemReporter } from './flow-problems.js';
import { type ParsedFlow, parseFlow } from './parse-flow.js';

/**
 * `parseFlow`, and then every template of every branch is rendered with a full and with a sparse sample record, so that a
 * filter that gets what it cannot take, or a text that is too long, shows before the flow is applied.
 * @throws LedgerwireError of the renderer.
 */
export async function checkFlow(yaml: string, renderer: TemplateRenderer): Promise<ParsedFlow> {
  const parsed = parseFlow(yaml);
  if (!parsed.ok) return parsed;
  const lines = new LineCounter();
  const reporter = new ProblemReporter(yaml, parseDocument(yaml, { lineCounter: lines }), lines);
  for (const trial of trialsOf(parsed.flow, reporter)) {
    const { delivery, step } = trial;
    for (const [isSparse, subject] of [sampleSubject(step.trigger), sparseSubject(step.trigger)].entries()) {
      const model = modelOf(parsed.flow, step, subject);
      for (const [part, source] of partsOf(delivery)) {
        const result = await renderer.render({ templates: [{ part, source }], model });
        if (!result.ok && !(isSparse === 1 && result.problem.code === 'empty'))
          report(trial, result.problem, reporter);
      }
    }
  }
  return reporter.problems.length > 0 ? { ok: false, problems: reporter.problems } : parsed;
}

interface Trial {
  readonly step: Step;
  readonly delivery: Delivery;
  /** Where the file has the template of the delivery. */
  readonly path: ProblemPath;
}

function trialsOf(flow: Flow, reporter: ProblemReporter): Trial[] {
  return flow.steps.flatMap((step, index) => {
    const own: ProblemPath = ['steps', index, 'template'];
    const branches = step.branches.map(({ delivery }, choice): Trial => {
      const path = ['steps', index, 'choose', choice, 'template'];
      return { step, delivery, path: reporter.has(path) ? path : own };
    });
    const { escalation } = step;
    const path = ['steps', index, 'escalate', 'template'];
    return escalation ? [...branches, { step, delivery: escalation.delivery, path }] : branches;
  });
}

function partsOf({ channels, templates }: Delivery): (readonly [TemplatePart, string])[] {
  const { text, sms, subject, html } = templates;
  const parts: (readonly [TemplatePart, string | null])[] = [
    ...(channels.includes('sms') ? [['sms', sms ?? text] as const] : []),
    ...(channels.includes('email')
      ? ([
          ['text', text],
          ['subject', subject],
          ['html', html],
        ] as const)
      : []),
  ];
  return parts.flatMap(([part, source]) => (source === null ? [] : [[part, source] as const]));
}

function report(
  { path }: Trial,
  { part, line, column, message }: TemplateProblem,
  reporter: ProblemReporter,
): void {
  const own = [...path, part];
  const shared = [...path, 'text'];
  const place = [own, shared, path].find((candidate) => reporter.has(candidate)) ?? path;
  reporter.reportInside(place, line ?? 1, column ?? 1, message);
}

function modelOf(flow: Flow, step: Step, subject: Subject): TemplateModel {
  return buildModel({
    trigger: step.trigger,
    subject,
    source: sampleSource,
    locale: flow.locale,
    now: SAMPLE_NOW,
    reminderDays: isReminderTrigger(step.trigger) ? (step.schedule?.days[0] ?? 1) : null,
    changedFields: step.trigger.endsWith('.changed') ? ['email', 'phones'] : [],
  }).template;
}
