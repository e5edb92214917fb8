import { type AccountingRecord, type ChangeNotice, changeNoticesOf, topics } from '#libs/contracts';
import { sampleContact, sampleInvoice, sampleSource } from '#libs/flows';
import type { SimulatedWorld } from '#libs/streams';

/** An invoice as the books have it: the truth. */
export interface BookedInvoice {
  readonly invoiceId: string;
  readonly contactId: string;
  readonly issuedAt: number;
  paidAt: number | undefined;
  version: number;
}

/** Somebody asked for the state of an invoice, and this is what the books said. */
export interface BooksRead {
  readonly invoiceId: string;
  /** What the asker wants to find again. */
  readonly token: string;
  readonly at: number;
  readonly open: boolean;
}

const MINUTE = 60_000;
const TOTAL = '100';
const vendorNotices = changeNoticesOf(sampleSource.vendor);

/**
 * The books of one company and the fetcher in front of them: changes become records late, twice and out of order; questions
 * are answered with the state at the moment of reading, sometimes only after a long time.
 */
export class SimulatedBooks {
  readonly invoices = new Map<string, BookedInvoice>();
  /** Reads that answered a question with a token. */
  readonly reads: BooksRead[] = [];
  private readonly dueDates = new Map<string, string>();
  private readonly answered = new Map<number, number>();
  private emitted = 0;

  constructor(
    private readonly world: SimulatedWorld,
    /** Where all contacts live, IANA; by their numbers and addresses when not given. */
    private readonly timeZone: string | null = null,
  ) {
    for (let partition = 0; partition < world.kafka.partitions; partition += 1) {
      world.kafka.log(vendorNotices.name, partition).changed(() => this.lookForQuestions(partition));
    }
  }

  issue(invoiceId: string, contactId: string, dueDate: string): void {
    const { queue } = this.world;
    const invoice = { invoiceId, contactId, issuedAt: queue.now, paidAt: undefined, version: 1 };
    this.invoices.set(invoiceId, invoice);
    this.dueDates.set(invoiceId, dueDate);
    this.tell(() => this.contactRecord(contactId));
    this.tellInvoice(invoice);
  }

  pay(invoiceId: string): void {
    const invoice = this.invoices.get(invoiceId);
    if (!invoice) return;
    invoice.paidAt = this.world.queue.now;
    invoice.version += 1;
    this.tellInvoice(invoice);
  }

  /** A change reaches the mapper as a record of the state at that time, perhaps twice, perhaps after a newer one. */
  private tellInvoice(invoice: BookedInvoice): void {
    const record = this.invoiceRecord(invoice);
    this.tell(() => record);
    if (this.world.chance.strikesHere('a record comes twice', 0.2)) this.tell(() => record);
    if (this.world.chance.strikesHere('an operator replays a record', 0.15))
      this.world.queue.schedule(this.world.chance.between(MINUTE, 40 * MINUTE), () =>
        this.write({ ...record, origin: 'replay' }),
      );
  }

  private tell(record: () => AccountingRecord): void {
    const { chance, queue } = this.world;
    const late = chance.strikesHere('a record comes late', 0.1);
    const afterMs = late ? chance.between(MINUTE, 10 * MINUTE) : chance.between(100, 3_000);
    queue.schedule(afterMs, () => this.write(record()));
  }

  private lookForQuestions(partition: number): void {
    const { chance, kafka, queue, codec } = this.world;
    const from = this.answered.get(partition) ?? 0;
    const found = kafka.log(vendorNotices.name, partition).committed();
    this.answered.set(partition, found.length);
    for (const { value } of found.slice(from)) {
      if (!value) continue;
      const notice: ChangeNotice = codec.decode(vendorNotices.schema, value);
      const slow = chance.strikesHere('the fetcher is slow', 0.1);
      queue.schedule(slow ? chance.between(MINUTE, 20 * MINUTE) : chance.between(200, 5_000), () =>
        this.answer(notice),
      );
    }
  }

  private answer(notice: ChangeNotice): void {
    const { chance, queue } = this.world;
    const { entityId, recheckToken } = notice;
    const tokens = recheckToken === null ? [] : [recheckToken];
    const invoice = this.invoices.get(entityId);
    const record = invoice ? this.invoiceRecord(invoice) : this.contactRecord(entityId);
    if (invoice && recheckToken !== null)
      this.reads.push({
        invoiceId: entityId,
        token: recheckToken,
        at: queue.now,
        open: invoice.paidAt === undefined,
      });
    const answer = { ...record, origin: notice.origin, recheck: true, recheckTokens: tokens };
    queue.schedule(chance.between(5, 500), () => this.write(answer));
    if (chance.strikesHere('an answer comes twice', 0.1))
      queue.schedule(chance.between(5, 60_000), () => this.write(answer));
  }

  private write(record: AccountingRecord): void {
    this.world.write(topics.records, record.connectionId, record);
  }

  private invoiceRecord(invoice: BookedInvoice): AccountingRecord {
    const { invoiceId, contactId, paidAt, version } = invoice;
    const paid = paidAt !== undefined;
    const over = {
      number: `INV-${invoiceId}`,
      contactId,
      issueDate: isoDate(invoice.issuedAt),
      dueDate: this.dueDates.get(invoiceId) ?? null,
      status: paid ? 'paid' : 'issued',
      fullyPaidOn: paid ? isoDate(paidAt) : null,
      total: TOTAL,
      amountDue: paid ? '0' : TOTAL,
      amountPaid: paid ? TOTAL : '0',
    };
    return sampleInvoice(over, {
      ...this.around(),
      entityId: invoiceId,
      version,
      contentHash: `${invoiceId}/${version}`,
    });
  }

  private contactRecord(contactId: string): AccountingRecord {
    return sampleContact(
      { timeZone: this.timeZone },
      { ...this.around(), entityId: contactId, version: 1, contentHash: contactId },
    );
  }

  private around() {
    this.emitted += 1;
    const { now } = this.world.queue;
    return { recordId: `record-${this.emitted}`, fetchedAt: now, firstNoticedAt: now };
  }
}

function isoDate(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}
