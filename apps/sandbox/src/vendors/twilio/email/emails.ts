import type { Clock } from '#libs/core';
import type { Ids } from '../../../kit/ids.js';
import { type Email, type EmailOperation, type EmailOrder, emailOutcome } from './email-types.js';

/** How fast e-mails go, in sandbox milliseconds. */
const SENT_AFTER_MS = 50;
const FINAL_AFTER_MS = 200;
const KEPT_MS = 7 * 86_400_000;

/** Crockford's base 32 in lower case, as Twilio's ids of the communications API are written. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/** Which e-mails a list shows. */
export interface EmailFilter {
  readonly operationId: string | undefined;
  /** `key:value;` pairs that must all be there. */
  readonly tags: readonly (readonly [string, string])[];
  readonly status: string | undefined;
  readonly createdFrom: number | undefined;
  readonly createdBefore: number | undefined;
}

/** E-mails and the operations that made them; forgotten after seven days, as at Twilio. */
export class Emails {
  private readonly byId = new Map<string, Email>();
  private readonly operations = new Map<string, EmailOperation>();

  constructor(
    private readonly clock: Clock,
    private readonly ids: Ids,
    /** Told of each change of status. */
    private readonly onMoved: (email: Email) => void,
  ) {}

  get size(): number {
    return this.byId.size;
  }

  /** Accepts an order: one e-mail for each recipient. */
  accept(order: EmailOrder): EmailOperation {
    const now = this.clock.now();
    const operationId = this.id('comms_operation_');
    const sendAt = order.schedule?.sendAt === undefined ? undefined : Date.parse(order.schedule.sendAt);
    const emails = order.to.map((to) => this.email(order, to, operationId, now, sendAt));
    const operation = { id: operationId, emails, createdAt: now };
    this.operations.set(operationId, operation);
    for (const email of emails) {
      this.byId.set(email.id, email);
      this.progress(email, sendAt === undefined ? 0 : Math.max(sendAt - now, 0));
    }
    return operation;
  }

  operation(id: string): EmailOperation | undefined {
    const operation = this.operations.get(id);
    return operation && this.isKept(operation.createdAt) ? operation : undefined;
  }

  get(id: string): Email | undefined {
    const email = this.byId.get(id);
    return email && this.isKept(email.createdAt) ? email : undefined;
  }

  /** Newest first, beginning after the e-mail with id `after`. */
  list(
    filter: EmailFilter,
    pageSize: number,
    after: string | undefined,
  ): { emails: Email[]; next: string | null } {
    const all = [...this.byId.values()].reverse();
    const start = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1;
    const found: Email[] = [];
    for (let index = start; index < all.length && found.length <= pageSize; index += 1) {
      const email = all[index];
      if (email && this.isKept(email.createdAt) && fits(email, filter)) found.push(email);
    }
    const hasMore = found.length > pageSize;
    if (hasMore) found.pop();
    return { emails: found, next: hasMore ? (found.at(-1)?.id ?? null) : null };
  }

  /** Removes the content and cancels what was not sent yet. */
  delete(email: Email): void {
    if (email.status === 'SCHEDULED') email.status = 'CANCELED';
    email.deletedAt = this.clock.now();
    this.byId.delete(email.id);
  }

  latest(count: number): Email[] {
    return [...this.byId.values()].slice(-count).reverse();
  }

  clear(): void {
    this.byId.clear();
    this.operations.clear();
  }

  private email(
    order: EmailOrder,
    { address, name }: EmailOrder['to'][number],
    operationId: string,
    now: number,
    sendAt: number | undefined,
  ): Email {
    return {
      id: this.id('comms_email_'),
      operationId,
      from: order.from,
      to: { address, ...(name === undefined ? {} : { name }) },
      content: order.content,
      tags: order.tags ?? {},
      status: sendAt === undefined ? 'QUEUED' : 'SCHEDULED',
      scheduledFor: sendAt ?? null,
      createdAt: now,
      updatedAt: now,
      deletedAt: null,
    };
  }

  private progress(email: Email, delayMs: number): void {
    const move = (status: Email['status']): void => {
      if (email.status === 'CANCELED') return;
      email.status = status;
      email.updatedAt = this.clock.now();
      this.onMoved(email);
    };
    const outcome = emailOutcome(email.to.address);
    if (outcome !== 'FAILED') this.clock.after(delayMs + SENT_AFTER_MS, () => move('SENT'));
    this.clock.after(delayMs + FINAL_AFTER_MS, () => move(outcome));
  }

  private isKept(createdAt: number): boolean {
    return this.clock.now() - createdAt < KEPT_MS;
  }

  /** 26 characters, the first below 8: the pattern of the reference. */
  private id(prefix: string): string {
    const bytes = Buffer.from(this.ids.hex(26), 'hex');
    const characters = [...bytes].map((byte, index) => ALPHABET[index === 0 ? byte % 8 : byte % 32] ?? '0');
    return prefix + characters.join('');
  }
}

function fits(email: Email, filter: EmailFilter): boolean {
  const { operationId, tags, status, createdFrom, createdBefore } = filter;
  return (
    (operationId === undefined || email.operationId === operationId) &&
    (status === undefined || email.status === status) &&
    (createdFrom === undefined || email.createdAt >= createdFrom) &&
    (createdBefore === undefined || email.createdAt < createdBefore) &&
    tags.every(([name, value]) => email.tags[name] === value)
  );
}
