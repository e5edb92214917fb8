import type { MessageCommand } from '#libs/contracts';
import { commandIdOf } from '#libs/core';
import type { Channel, Delivery, MessageTemplates } from '../definition/flow.js';
import { skipReasons } from '../events/skip-reasons.js';
import type { TemplateProblem } from '../templates/template-failure.js';
import type { RenderResult, TemplateRenderer, TemplateSource } from '../templates/template-renderer.js';
import { type Evaluation, mergeEvaluations, type MessageDraft } from './evaluation.js';
import { type Occasion, skipOf } from './occasion.js';
import { sizeOf } from './message-size.js';
import { allowedFrom, spansFor } from './quiet-time.js';
import { type Addressee, addresseesOf, maskAddress } from './recipient-addresses.js';

/** Makes the messages of one delivery: one for each addressee that can be reached, rendered once a channel. */
export function deliver(
  delivery: Delivery,
  occasion: Occasion,
  renderer: TemplateRenderer,
  targetPrefix = '',
): Promise<Evaluation> {
  const { fallback } = occasion.step;
  return deliverTo(addresseesOf(delivery, occasion), {
    delivery,
    occasion,
    renderer,
    idOf: ({ target }) => commandIdFor(occasion, `${targetPrefix}${target}`),
    // The word to colleagues of a reminder has no further one behind it.
    onFailure: fallback && targetPrefix === '' ? fallback.channels : [],
  });
}

/** The id of the message of an occasion to one recipient. */
export function commandIdFor({ flow, step, businessEvent }: Occasion, target: string): string {
  return commandIdOf({ flowId: flow.id, flowStep: step.id, businessEvent, target });
}

/** How messages to several addressees are made. */
export interface DeliveryOrder {
  readonly delivery: Delivery;
  readonly occasion: Occasion;
  readonly renderer: TemplateRenderer;
  readonly idOf: (addressee: Addressee) => string;
  /** Channels of what goes out when one of them fails. */
  readonly onFailure: readonly Channel[];
}

/** {@link deliver} for addressees that the caller has chosen. */
export async function deliverTo(addressees: readonly Addressee[], order: DeliveryOrder): Promise<Evaluation> {
  const { delivery, occasion, renderer } = order;
  const rendered = new Map<Channel, Promise<RenderResult>>();
  const render = (channel: Channel): Promise<RenderResult> => {
    const known = rendered.get(channel) ?? renderer.render(requestFor(channel, delivery.templates, occasion));
    rendered.set(channel, known);
    return known;
  };
  const parts = addressees.map((addressee) => messageFor(addressee, order, render));
  return mergeEvaluations(await Promise.all(parts));
}

async function messageFor(
  addressee: Addressee,
  { idOf, delivery, occasion, onFailure }: DeliveryOrder,
  render: (channel: Channel) => Promise<RenderResult>,
): Promise<Partial<Evaluation>> {
  const commandId = idOf(addressee);
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
    onFailure: [...onFailure],
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
    quietSpans: spansFor(addressee, occasion),
  };
}

function describe({ part, message, line, column }: TemplateProblem): string {
  const place = line === null ? '' : ` in line ${line}, column ${column ?? 1}`;
  return `The ${part} template failed${place}: ${message}.`;
}
