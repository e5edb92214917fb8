import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { World } from '../world/world.ts';
import { BooksWriter } from './books-writer.ts';
import type { PlannedEvent } from './load-plan.ts';
import { postWebhook, webhookBody } from './signed-webhook.ts';

/** One message that must go out, once. */
export interface ExpectedMessage {
  readonly tenant: number;
  readonly invoiceId: string;
  readonly invoiceNumber: string;
  /** E.164; nobody else ever has this number. */
  readonly to: string;
  /** Epoch milliseconds since when it is due. */
  readonly dueAt: number;
}

/** A webhook of ours that ingress answered with 2xx: from then on its outcome is owed. */
export interface AcknowledgedWebhook {
  readonly kind: 'unknown-entity' | 'unknown-tenant';
  readonly entityId: string;
}

interface Issued {
  readonly tenant: number;
  readonly invoiceId: string;
}

/** What a vendor does that gets no 2xx, only sooner. */
const AGAIN_MS = 400;
const APPROVED_AFTER_MS = 300;

/** Plays a plan: changes the books of the Xero double, whose webhooks follow, and posts signed webhooks of its own to ingress. */
export class LoadDriver {
  readonly expected: ExpectedMessage[] = [];
  readonly acknowledged: AcknowledgedWebhook[] = [];
  /** Answers of ingress to our own webhooks by status; `0` where no answer came. */
  readonly answers = new Map<number, number>();
  /** Events played so far. */
  played = 0;
  /** What the doubles refused to the driver itself: a mistake of the suite, not of the product. */
  readonly mistakes: string[] = [];
  private readonly issued: Issued[] = [];
  private readonly work = new Set<Promise<void>>();
  private readonly books: BooksWriter;

  private readonly world: World;

  constructor(world: World) {
    this.world = world;
    this.books = new BooksWriter(world);
  }

  /** Plays all events at their times and waits until every one is in the books and every webhook of ours is acknowledged. */
  async play(plan: readonly PlannedEvent[]): Promise<void> {
    await this.books.open();
    const began = performance.now();
    for (const event of plan) {
      const waitMs = event.atMs - (performance.now() - began);
      if (waitMs > 1) await delay(waitMs);
      this.start(event);
    }
    await Promise.all(this.work);
  }

  private start(event: PlannedEvent): void {
    const work = this.playOne(event)
      .catch((error: unknown) => void this.mistakes.push(String(error)))
      .finally(() => this.work.delete(work));
    this.work.add(work);
  }

  private async playOne({ tenant, kind }: PlannedEvent): Promise<void> {
    this.played += 1;
    switch (kind) {
      case 'issue':
        await this.issue(tenant, 'AUTHORISED');
        return;
      case 'approve':
        await this.issue(tenant, 'DRAFT');
        return;
      case 'touch':
        await this.touch(tenant);
        return;
      case 'unknown-entity':
      case 'unknown-tenant':
        await this.postUnknown(tenant, kind);
    }
  }

  private async issue(tenant: number, status: 'AUTHORISED' | 'DRAFT'): Promise<void> {
    const { invoiceId, invoiceNumber, to } = await this.books.issue(tenant, status);
    if (status === 'DRAFT') {
      await delay(APPROVED_AFTER_MS);
      await this.books.change(tenant, invoiceId, { Status: 'AUTHORISED' });
    }
    this.issued.push({ tenant, invoiceId });
    this.expected.push({ tenant, invoiceId, invoiceNumber, to, dueAt: Date.now() });
  }

  private async touch(tenant: number): Promise<void> {
    const own = this.issued.filter((issued) => issued.tenant === tenant);
    const target = own[this.played % Math.max(own.length, 1)];
    // The first events of a tenant have nothing to touch yet.
    if (!target) return;
    await this.books.change(tenant, target.invoiceId, { Reference: `changed ${this.played}` });
  }

  private async postUnknown(tenant: number, kind: AcknowledgedWebhook['kind']): Promise<void> {
    const entityId = randomUUID();
    const known = this.world.tenants[tenant]?.accountId ?? '';
    const body = webhookBody(kind === 'unknown-entity' ? known : randomUUID(), entityId);
    for (;;) {
      const status = await postWebhook(this.world, body);
      this.answers.set(status, (this.answers.get(status) ?? 0) + 1);
      if (status >= 200 && status < 300) break;
      await delay(AGAIN_MS);
    }
    this.acknowledged.push({ kind, entityId });
  }
}
