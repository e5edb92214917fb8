import { createHmac } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '#libs/core';
import type { DeliveryLog } from '../../../kit/delivery-log.js';
import type { HttpCaller } from '../../../kit/http-caller.js';
import { habitsSchema, WebhookHabits } from '../../../kit/webhook-habits.js';
import { type ModuleName, moduleOf } from '../books/modules.js';
import type { BookChange } from '../books/organisation.js';

/** When a rule runs, and the last part of the URL that its webhook calls. */
interface Rule {
  readonly name: string;
  readonly module: ModuleName;
  readonly on: readonly BookChange['happened'][];
  /** Only when the status changed to this. */
  readonly status?: string;
}

/** The rules that docs/vendors/zoho-books.md has an organisation set up: one webhook each, as Zoho allows. */
export const knownRules: readonly Rule[] = [
  { name: 'invoice-created', module: 'invoices', on: ['created'] },
  { name: 'invoice-sent', module: 'invoices', on: ['edited'], status: 'sent' },
  { name: 'invoice-changed', module: 'invoices', on: ['edited'] },
  { name: 'invoice-deleted', module: 'invoices', on: ['deleted'] },
  { name: 'bill-created', module: 'bills', on: ['created'] },
  { name: 'bill-changed', module: 'bills', on: ['edited'] },
  { name: 'purchase-order-created', module: 'purchaseorders', on: ['created'] },
  { name: 'purchase-order-changed', module: 'purchaseorders', on: ['edited'] },
  { name: 'payment-received', module: 'customerpayments', on: ['created'] },
  { name: 'payment-deleted', module: 'customerpayments', on: ['deleted'] },
  { name: 'vendor-payment-created', module: 'vendorpayments', on: ['created'] },
  { name: 'expense-recorded', module: 'expenses', on: ['created'] },
  { name: 'contact-changed', module: 'contacts', on: ['created', 'edited'] },
];
const ruleNames = knownRules.map(({ name }) => name) as [string, ...string[]];

/** What a person enters in an organisation's settings: `POST /__sandbox/zoho-books/rules`. */
export const ruleSetupSchema = z.strictObject({
  organizationId: z.string().min(1),
  url: z.url().nullable().describe('The rule’s name is added to it; null takes the rules away'),
  secret: z
    .string()
    .regex(/^[A-Za-z0-9]{12,50}$/, 'must be 12 to 50 letters and digits')
    .nullable()
    .default(null)
    .describe('Null sends unsigned webhooks'),
  rules: z.array(z.enum(ruleNames)).default([...ruleNames]),
  body: z
    .enum(['default', 'form'])
    .default('default')
    .describe('form: the record in the form field JSONString'),
});
type RuleSetup = z.output<typeof ruleSetupSchema>;

/** What `POST /__sandbox/webhooks` takes for Zoho Books. */
export const zohoWebhookSchema = habitsSchema.partial().extend({
  retries: z
    .int()
    .min(0)
    .max(20)
    .optional()
    .describe('Repeats of a failed webhook: the organisation’s retry policy'),
  retryEveryMs: z.int().min(1).optional().describe('Sandbox milliseconds between them'),
  timeoutMs: z.int().min(1).optional().describe('Real milliseconds that the receiver has'),
});

interface DeliverySettings {
  readonly retries: number;
  readonly retryEveryMs: number;
  readonly timeoutMs: number;
}

/** Without a retry policy Zoho does not repeat; how long it waits is not documented, so this is the time of its Payments. */
const documentedDelivery: DeliverySettings = { retries: 0, retryEveryMs: 300_000, timeoutMs: 15_000 };

interface Tools {
  readonly clock: Clock;
  readonly caller: HttpCaller;
  readonly log: DeliveryLog;
}

/** Workflow rules of all organisations, and the webhooks that they send. */
export class WorkflowRules {
  private readonly setups = new Map<string, RuleSetup>();
  private habits = new WebhookHabits();
  private delivery = documentedDelivery;

  constructor(private readonly tools: Tools) {}

  setUp(setup: RuleSetup): void {
    if (setup.url === null) this.setups.delete(setup.organizationId);
    else this.setups.set(setup.organizationId, setup);
  }

  settings(): Record<string, unknown> {
    return { ...this.habits.current, ...this.delivery, organisations: this.setups.size };
  }

  /** @throws ZodError */
  change(change: unknown): void {
    const { retries, retryEveryMs, timeoutMs, ...habits } = zohoWebhookSchema.parse(change);
    const given = Object.entries({ retries, retryEveryMs, timeoutMs }).filter(
      ([, value]) => value !== undefined,
    );
    this.delivery = { ...this.delivery, ...(Object.fromEntries(given) as Partial<DeliverySettings>) };
    const wanted = Object.entries(habits).filter(([, value]) => value !== undefined);
    this.habits.change(Object.fromEntries(wanted));
  }

  reset(): void {
    this.setups.clear();
    this.habits = new WebhookHabits();
    this.delivery = documentedDelivery;
  }

  /** Runs the rules that fit a change. */
  take(change: BookChange): void {
    const setup = this.setups.get(change.organizationId);
    if (!setup) return;
    for (const rule of knownRules) {
      if (!setup.rules.includes(rule.name) || !fits(rule, change)) continue;
      const { delaysMs } = this.habits.decide();
      for (const delayMs of delaysMs)
        this.tools.clock.after(delayMs, () => void this.send(setup, rule, change, 1));
    }
  }

  private async send(setup: RuleSetup, rule: Rule, change: BookChange, attempt: number): Promise<void> {
    const { caller, log, clock } = this.tools;
    const url = `${String(setup.url)}/${rule.name}`;
    const { headers, body } = requestOf(setup, change);
    const { timeoutMs, retries, retryEveryMs } = this.delivery;
    const result = await caller.call({
      url,
      method: 'POST',
      headers,
      body,
      connectTimeoutMs: timeoutMs,
      totalTimeoutMs: timeoutMs,
    });
    const id = String(change.record[moduleOf(change.module).idField]);
    const { outcome, status, error, durationMs } = result;
    log.add({ vendor: 'zoho-books', what: rule.name, id, url, attempt, outcome, status, error, durationMs });
    const failed = outcome !== 'answered' || (status ?? 500) >= 300;
    if (failed && attempt <= retries)
      clock.after(retryEveryMs, () => void this.send(setup, rule, change, attempt + 1));
  }
}

function fits(rule: Rule, { module, happened, newStatus }: BookChange): boolean {
  if (rule.module !== module || !rule.on.includes(happened)) return false;
  return rule.status === undefined || rule.status === newStatus;
}

/** Zoho's default payload is the whole record under its name; of a deleted one little more than its id. */
function requestOf(setup: RuleSetup, change: BookChange): { headers: Record<string, string>; body: string } {
  const { singular, idField } = moduleOf(change.module);
  const record = change.happened === 'deleted' ? { [idField]: change.record[idField] } : change.record;
  const json = JSON.stringify({ [singular]: record });
  const isForm = setup.body === 'form';
  const body = isForm ? new URLSearchParams({ JSONString: json }).toString() : json;
  const headers: Record<string, string> = {
    'content-type': isForm
      ? 'application/x-www-form-urlencoded;charset=UTF-8'
      : 'application/json;charset=UTF-8',
    'user-agent': 'ZohoBooks',
  };
  if (setup.secret !== null)
    headers['x-zoho-webhook-signature'] = createHmac('sha256', setup.secret)
      .update(isForm ? `JSONString${json}` : json)
      .digest('hex');
  return { headers, body };
}
