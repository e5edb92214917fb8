import type { Trigger } from '../events/triggers.js';
import { senderProblem } from '../recipients/sender.js';
import type { TemplatePart } from '../templates/template-failure.js';
import { checkTemplate } from './check-templates.js';
import { parseDuration } from './durations.js';
import type { Channel, Delivery, ListEntry, MessageTemplates, StaffList } from './flow.js';
import type { DeliverySource } from './flow.schema.js';
import type { ProblemPath, ProblemReporter } from './flow-problems.js';
import { toRecipients } from './to-recipients.js';

/** What all deliveries of one flow share. */
export interface DeliveryScope {
  readonly staff: ReadonlyMap<string, StaffList>;
  readonly lists: ReadonlyMap<string, readonly ListEntry[]>;
  readonly country: string | null;
  readonly uncertainPolicy: string;
  readonly notAfter: string | null;
  readonly reporter: ProblemReporter;
  /** Collects the parts of the data that the step's templates name. */
  readonly roots: Set<string>;
}

/** One place of the file that says something about a delivery. */
export interface DeliveryPart {
  readonly source: DeliverySource;
  readonly path: ProblemPath;
}

/**
 * Puts a delivery together from its own part and the step's part behind it; the own one wins, key by key. Null (and a
 * report) when something is missing or wrong.
 */
export function toDelivery(
  parts: readonly DeliveryPart[],
  trigger: Trigger,
  scope: DeliveryScope,
): Delivery | null {
  const { reporter } = scope;
  const path = parts[0]?.path ?? [];
  const [to, channel, template] = [pick(parts, 'to'), pick(parts, 'channel'), pick(parts, 'template')];
  if (!to) reporter.report([...path, 'to'], '“to” is missing; write customer, vendor or { staff: … }');
  if (!channel)
    reporter.report([...path, 'channel'], '“channel” is missing; write sms, email or [sms, email]');
  if (!template)
    reporter.report([...path, 'template'], '“template” is missing; write the text of the message');
  if (!to || !channel || !template) return null;
  const channels = [...new Set([channel.value].flat())];
  const notAfter = pick(parts, 'notAfter')?.value ?? scope.notAfter;
  return {
    recipients: toRecipients(to.value, to.path, trigger, scope),
    channels,
    templates: toTemplates(template.value, template.path, channels, trigger, scope),
    sender: toSender(pick(parts, 'sender'), channels, reporter),
    uncertainPolicy: pick(parts, 'uncertainPolicy')?.value ?? scope.uncertainPolicy,
    notAfterMs: notAfter === null ? null : parseDuration(notAfter),
  };
}

interface Picked<T> {
  readonly value: T;
  readonly path: ProblemPath;
}

function pick<K extends keyof DeliverySource>(
  parts: readonly DeliveryPart[],
  key: K,
): Picked<NonNullable<DeliverySource[K]>> | undefined {
  for (const { source, path } of parts) {
    const value = source[key];
    if (value !== undefined) return { value, path: [...path, key] };
  }
  return undefined;
}

function toTemplates(
  source: NonNullable<DeliverySource['template']>,
  path: ProblemPath,
  channels: readonly Channel[],
  trigger: Trigger,
  scope: DeliveryScope,
): MessageTemplates {
  const written = typeof source === 'string' ? { text: source } : source;
  const { text, sms = null, subject = null, html = null } = written;
  const check = (part: TemplatePart, key: keyof MessageTemplates, template: string): void => {
    const at = typeof source === 'string' ? path : [...path, key];
    for (const root of checkTemplate(template, part, trigger, at, scope.reporter)) scope.roots.add(root);
  };
  if (channels.includes('sms')) check('sms', sms === null ? 'text' : 'sms', sms ?? text);
  if (channels.includes('email')) {
    check('text', 'text', text);
    if (html !== null) check('html', 'html', html);
    if (subject !== null) check('subject', 'subject', subject);
    else scope.reporter.report(path, 'an e-mail needs a subject; write template: with text: and subject:');
  }
  return { text, sms, subject, html };
}

function toSender(
  picked: Picked<NonNullable<DeliverySource['sender']>> | undefined,
  channels: readonly Channel[],
  reporter: ProblemReporter,
): Delivery['sender'] {
  if (!picked) return { sms: null, email: null };
  const [only] = channels;
  if (typeof picked.value === 'string' && (channels.length > 1 || only === undefined)) {
    reporter.report(picked.path, 'there is more than one channel; write sender: { sms: …, email: … }');
    return { sms: null, email: null };
  }
  const written = typeof picked.value === 'string' ? { [only as Channel]: picked.value } : picked.value;
  const sender = { sms: written.sms ?? null, email: written.email ?? null };
  for (const channel of ['sms', 'email'] as const) {
    const problem = sender[channel] === null ? null : senderProblem(sender[channel], channel);
    if (problem !== null) reporter.report(picked.path, problem);
  }
  return sender;
}
