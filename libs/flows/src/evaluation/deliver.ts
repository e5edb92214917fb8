import type { MessageCommand } from '#libs/contracts';
import { commandIdOf } from '#libs/core';
import type { Channel, Delivery, MessageTemplates } from '../definition/flow.js';
import { skipReasons } from '../events/skip-reasons.js';
import type { TemplateProblem } from '../templates/template-failure.js';
import type { RenderResult, TemplateRenderer, TemplateSource } from '../templates/template-renderer.js';
import { type Evaluation, mergeEvaluations, type MessageDraft } from './evaluation.js';
import { type Occasion, skipOf } from './occasion.js';
import { sizeOf } from './message-size.js';
import { allowedFrom } from './quiet-time.js';
import { type Addressee, addresseesOf, maskAddress } from './recipient-addresses.js';

/** Makes the messages of one delivery: one for each addressee that can be reached, rendered once a channel. */
export async function deliver(
  delivery: Delivery,
  occasion: Occasion,
  renderer: TemplateRenderer,
  targetPrefix = '',
): Promise<Evaluation> {
  const rendered = new Map<Channel, Promise<RenderResult>>();
  const render = (channel: Channel): Promise<RenderResult> => {
    const known = rendered.get(channel) ?? renderer.render(requestFor(channel, delivery.templates, occasion));
    rendered.set(channel, known);
    return known;
  };
  const { fallback } = occasion.step;
  // The word to colleagues of a reminder has no further one behind it.
  const alternatives =
    fallback && targetPrefix === '' ? await fallbackCommands(fallback, occasion, renderer) : [];
  const parts = addresseesOf(delivery, occasion).map((addressee) => {
    const { flow, step, businessEvent } = occasion;
    const target = `${targetPrefix}${addressee.target}`;
    const commandId = commandIdOf({ flowId: flow.id, flowStep: step.id, businessEvent, target });
    return messageFor(addressee, { commandId, delivery, occasion, alternatives }, render);
  });
  return mergeEvaluations(await Promise.all(parts));
}

/**
 * What goes out instead when a message fails for good, rendered now: the sender of messages knows no books. The ids hang on the event
 * and the recipient, so that two messages which fail lead to one word to a colleague.
 */
async function fallbackCommands(
  fallback: Delivery,
  occasion: Occasion,
  renderer: TemplateRenderer,
): Promise<MessageCommand[]> {
  const { flow, step, businessEvent } = occasion;
  const commands = addresseesOf(fallback, occasion).map(async (addressee) => {
    if (!addressee.ok) return [];
    const result = await renderer.render(requestFor(addressee.channel, fallback.templates, occasion));
    if (!result.ok) return [];
    const target = `on-failure/${addressee.target}/${addressee.channel}`;
    const commandId = commandIdOf({ flowId: flow.id, flowStep: step.id, businessEvent, target });
    return [commandOf(addressee, commandId, fallback, occasion, result.texts)];
  });
  return (await Promise.all(commands)).flat();
}

interface MessageOrder {
  readonly commandId: string;
  readonly delivery: Delivery;
  readonly occasion: Occasion;
  /** For the case that it fails. */
  readonly alternatives: readonly MessageCommand[];
}

async function messageFor(
  addressee: Addressee,
  { commandId, delivery, occasion, alternatives }: MessageOrder,
  render: (channel: Channel) => Promise<RenderResult>,
): Promise<Partial<Evaluation>> {
  if (await occasion.input.isDerived?.(commandId))
    return { skips: [skipOf(occasion, 'duplicate', { commandId })] };
  if (!addressee.ok) {
    const { reason, channel } = addressee;
    const detail =
      addressee.detail === reason ? skipReasons[reason] : `${skipReasons[reason]} (${addressee.detail})`;
    return { skips: [skipOf(occasion, reason, { commandId, channel, detail })] };
  }
  const { channel } = addressee;
  const held = whetherHeld(addressee, commandId, delivery, occasion);
  if (held) return held;
  const result = await render(channel);
  if (!result.ok) {
    return {
      skips: [skipOf(occasion, 'template-error', { commandId, channel, detail: describe(result.problem) })],
    };
  }
  const command = {
    ...commandOf(addressee, commandId, delivery, occasion, result.texts),
    onFailure: alternatives.filter(({ to }) => to !== addressee.address).map((one) => JSON.stringify(one)),
  };
  const draft: MessageDraft = {
    command,
    recipient: maskAddress(channel, addressee.address),
    contactId: addressee.isContact ? occasion.subject.contactId : null,
    changedFields: occasion.changedFields,
    urgent: occasion.step.urgent,
    size: sizeOf(command, occasion),
    detail: addressee.detail,
  };
  return { messages: [draft] };
}

/** Quiet hours put a message off, unless they last longer than it is good for. */
function whetherHeld(
  addressee: Addressee & { readonly ok: true },
  commandId: string,
  delivery: Delivery,
  occasion: Occasion,
): Partial<Evaluation> | undefined {
  const { now, heldSince = now } = occasion.input;
  const until = allowedFrom(addressee, occasion);
  if (until === now) return undefined;
  const { channel } = addressee;
  if (until === null || (delivery.notAfterMs !== null && until > heldSince + delivery.notAfterMs)) {
    const detail = 'The quiet hours of the recipient last longer than the message may wait';
    return { skips: [skipOf(occasion, 'too-late', { commandId, channel, detail })] };
  }
  const recipient = maskAddress(channel, addressee.address);
  const about = { commandId, channel, recipient, until, reason: 'quiet-hours' } as const;
  return { deferrals: [{ ...namesOf(occasion), ...about, detail: skipReasons['quiet-hours'] }] };
}

function namesOf({ flow, step, businessEvent, changedFields }: Occasion) {
  return { flowId: flow.id, stepId: step.id, businessEvent, changedFields };
}

function requestFor(
  channel: Channel,
  templates: MessageTemplates,
  occasion: Occasion,
): {
  readonly templates: readonly TemplateSource[];
  readonly model: Occasion['model']['template'];
} {
  const model = occasion.model.template;
  if (channel === 'sms')
    return { templates: [{ part: 'sms', source: templates.sms ?? templates.text }], model };
  const html: TemplateSource[] = templates.html === null ? [] : [{ part: 'html', source: templates.html }];
  const subject: TemplateSource = { part: 'subject', source: templates.subject ?? '' };
  return { templates: [{ part: 'text', source: templates.text }, subject, ...html], model };
}

function commandOf(
  addressee: Addressee & { readonly ok: true },
  commandId: string,
  delivery: Delivery,
  occasion: Occasion,
  [body = '', subject, html]: readonly string[],
): MessageCommand {
  const { flow, step, input, businessEvent } = occasion;
  const { record, now } = input;
  return {
    commandId,
    workspaceId: flow.workspaceId,
    connectionId: flow.targetConnectionId,
    flowId: flow.id,
    flowVersion: flow.version,
    flowStep: step.id,
    businessEvent,
    channel: addressee.channel,
    to: addressee.address,
    recipientKind: addressee.kind,
    sender: delivery.sender[addressee.channel],
    subject: subject ?? null,
    body,
    html: html ?? null,
    sourceConnectionId: record.connectionId,
    sourceVendor: record.vendor,
    entityType: record.entityType,
    entityId: record.entityId,
    entityNumber: record.entityNumber,
    recordId: record.recordId,
    origin: record.origin,
    uncertainPolicy: delivery.uncertainPolicy,
    createdAt: now,
    notAfter: delivery.notAfterMs === null ? null : (input.heldSince ?? now) + delivery.notAfterMs,
    firstNoticedAt: record.firstNoticedAt,
    resendOf: null,
    onFailure: [],
  };
}

function describe({ part, message, line, column }: TemplateProblem): string {
  const place = line === null ? '' : ` in line ${line}, column ${column ?? 1}`;
  return `The ${part} template failed${place}: ${message}.`;
}
