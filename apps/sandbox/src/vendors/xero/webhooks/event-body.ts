import { createHmac } from 'node:crypto';
import type { Ids } from '../../../kit/ids.js';
import type { BookChange } from '../books/xero-types.js';

/** One webhook body that is to be delivered. */
export interface EventBody {
  readonly text: string;
  readonly first: number;
  readonly last: number;
  attempts: number;
}

const MAX_SEQUENCE = 2_147_483_647;

/** Numbers events and writes bodies exactly as Xero does. */
export class EventBodies {
  private sequence = 0;

  constructor(private readonly ids: Ids) {}

  /** The body of these changes; there must be at least one. */
  of(changes: readonly BookChange[]): EventBody {
    const first = this.next();
    let last = first;
    for (let index = 1; index < changes.length; index += 1) last = this.next();
    return { text: this.text(JSON.stringify(changes.map(eventOf)), first, last), first, last, attempts: 0 };
  }

  /** The empty body of an intent to receive. */
  empty(): string {
    return this.text('[]', 0, 0);
  }

  reset(): void {
    this.sequence = 0;
  }

  /** Xero's own spacing, which is why only a hash over the raw bytes fits. */
  private text(events: string, first: number, last: number): string {
    const entropy = this.ids.token().slice(0, 20).toUpperCase();
    return `{"events":${events},"firstEventSequence": ${String(first)},"lastEventSequence": ${String(last)}, "entropy": "${entropy}"}`;
  }

  private next(): number {
    this.sequence = this.sequence === MAX_SEQUENCE ? 1 : this.sequence + 1;
    return this.sequence;
  }
}

/** `x-xero-signature` of a body: Base64 of HMAC-SHA256 over its bytes. */
export function signatureOf(key: string, body: string): string {
  return createHmac('sha256', key).update(body).digest('base64');
}

function eventOf(change: BookChange): Record<string, string> {
  const collection = change.category === 'INVOICE' ? 'Invoices' : 'Contacts';
  return {
    resourceUrl: `https://api.xero.com/api.xro/2.0/${collection}/${change.resourceId}`,
    resourceId: change.resourceId,
    tenantId: change.tenantId,
    tenantType: 'ORGANISATION',
    eventCategory: change.category,
    eventType: change.type,
    // Xero writes the instant without a zone letter; it is UTC.
    eventDateUtc: new Date(change.at).toISOString().slice(0, -1),
  };
}
