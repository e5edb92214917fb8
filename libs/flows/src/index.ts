export { companyDate } from './timing/company-time.js';
export { checkFlow } from './definition/check-flow.js';
export type {
  Channel,
  Delivery,
  Flow,
  MessageTemplates,
  Recipients,
  StaffList,
  Step,
} from './definition/flow.js';
export type { FlowProblem } from './definition/flow-problems.js';
export { loadFlow, type ParsedFlow, parseFlow } from './definition/parse-flow.js';
export { type FlowTarget, retargetFlow } from './definition/retarget-flow.js';
export { evaluateFallback } from './evaluation/evaluate-fallback.js';
export { evaluateFlow } from './evaluation/evaluate-flow.js';
export { evaluateHeld, type HeldEvent } from './evaluation/evaluate-held.js';
export { type DebtorReminder, evaluateDebtor, evaluateReminder } from './evaluation/evaluate-reminder.js';
export type {
  Deferral,
  EntityReference,
  Evaluation,
  EvaluationInput,
  GroupJoin,
  MessageDraft,
  MessageSize,
  TextMeasure,
} from './evaluation/evaluation.js';
export { describeSize } from './evaluation/message-size.js';
export { nextMorning } from './evaluation/quiet-time.js';
export type { BusinessEvent } from './events/business-event.js';
export { eventsOf, whyNoEvent } from './events/business-events.js';
export { bodyNameOf, contactIdOf } from './events/stages.js';
export { type Skip, type SkipReason, skipReasons } from './events/skip-reasons.js';
export { readsBody, type Trigger, type TriggerInfo, triggers } from './events/triggers.js';
export { normaliseEmail } from './recipients/email-address.js';
export { type NormalisedPhone, normalisePhone, type WrittenPhone } from './recipients/phone-number.js';
export {
  type FlowPreview,
  type PreviewContext,
  type PreviewedMessage,
  type PreviewedSilence,
  previewFlow,
} from './preview/preview-flow.js';
export { planReminders, type ReminderChanges } from './reminders/plan-reminders.js';
export {
  isRemindable,
  parseReminderKey,
  debtsUntil,
  reminderKeyOf,
  type ReminderPlan,
  type ReminderReference,
} from './reminders/reminder.js';
export {
  SAMPLE_NOW,
  sampleBill,
  sampleContact,
  sampleExpense,
  sampleInvoice,
  samplePayment,
  samplePurchaseOrder,
  sampleSource,
  sampleTarget,
  sampleVendor,
  sampleVendorPayment,
} from './samples/sample-records.js';
export { InlineRenderer } from './templates/inline-renderer.js';
export type { TemplateErrorCode, TemplatePart, TemplateProblem } from './templates/template-failure.js';
export { defaultTemplateLimits, type TemplateLimits } from './templates/template-limits.js';
export type { TemplateModel } from './templates/template-model.js';
export type {
  RenderRequest,
  RenderResult,
  TemplateRenderer,
  TemplateSource,
} from './templates/template-renderer.js';
export { WorkerRenderer, type WorkerRendererOptions } from './templates/worker-renderer.js';
