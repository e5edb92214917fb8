import { changeNoticesOf, type Connection } from '#libs/contracts';
import type { Scenario, ScenarioRun, ScenarioStep, SimulatedWorld } from '#libs/streams';
import { fetcherService } from './fetcher-service.js';
import { keyOf, RecordLedger } from './record-ledger.js';
import type { BookedEntity } from './vendors/books-vendor.js';
import { type BooksChange, SimulatedLedger } from './vendors/simulated-ledger.js';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const CONNECTIONS = ['c1', 'c2'] as const;
const INVOICES = 3;
const notices = changeNoticesOf('books');

/** fetcher between books that change while they are read and notices that come late, twice, out of order or not at all. */
export const fetcherScenario: Scenario = {
  name: 'fetcher',
  harassEveryMs: 45 * SECOND,
  prepare: (world) => new FetcherRun(world),
};

class FetcherRun implements ScenarioRun {
  readonly faultsMs = 6 * MINUTE;
  readonly settleMs = 6 * 60 * MINUTE;
  readonly lookEveryMs = MINUTE;
  readonly steps: readonly ScenarioStep[];
  private readonly books: SimulatedLedger;
  private readonly told: RecordLedger;
  private readonly service;
  /** Versions that must be told, or newer ones: what is polled, and what a notice was written of. */
  private readonly owed = new Map<string, number>();
  private created = 0;

  constructor(private readonly world: SimulatedWorld) {
    const { chance } = world;
    this.books = new SimulatedLedger(world);
    this.told = new RecordLedger(world);
    const connections = new Map(CONNECTIONS.map((id) => [id as string, connection(id, world)]));
    this.service = world.run(fetcherService(world, this.books, connections));
    this.books.onChange = (change) => this.announce(change);
    this.steps = [
      ...Array.from({ length: chance.between(3, 8) }, () => this.planBurst()).flat(),
      ...(chance.random() < 0.3 ? [this.planOutage()] : []),
    ];
  }

  settled(): boolean {
    return this.service.drained && this.untold().length === 0 && this.told.openNotices().length === 0;
  }

  missing(): string {
    const open = this.told.openNotices().join(', ');
    return `not told ${this.untold().join(', ')}; notices ${open}; ready ${this.service.ready}`;
  }

  check(): string[] {
    return this.told.broken();
  }

  /** What is owed and not told. */
  private untold(): string[] {
    const newest = this.told.newest();
    return [...this.owed].flatMap(([key, version]) =>
      (newest.get(key) ?? 0) < version ? [`${key}@${version}`] : [],
    );
  }

  /** Changes come in bursts, as people work: one company, few invoices, new contacts, all within seconds. */
  private planBurst(): ScenarioStep[] {
    const { chance } = this.world;
    const accountId = chance.pick(CONNECTIONS);
    const beginsAt = chance.between(0, 5 * MINUTE);
    return Array.from({ length: chance.between(2, 8) }, () => ({
      atMs: beginsAt + chance.between(0, 3 * SECOND),
      name: `somebody works in the books of ${accountId}`,
      run: () => this.work(accountId),
    }));
  }

  private work(accountId: string): void {
    const { chance } = this.world;
    const invoiceId = `i${chance.between(1, INVOICES)}`;
    const doing = chance.random();
    if (doing < 0.15) {
      this.books.change(accountId, { type: 'contact', id: `k${chance.between(1, 3)}` });
    } else if (doing < 0.35) {
      this.pay(accountId, invoiceId);
    } else {
      // A new customer makes everybody who reads the invoice wait for the contact.
      const contactId = chance.random() < 0.6 ? this.newContact(accountId) : null;
      this.books.change(accountId, { type: 'invoice', id: invoiceId, ...(contactId && { contactId }) });
    }
  }

  private pay(accountId: string, invoiceId: string): void {
    const invoice = this.books.find(accountId, 'invoice', invoiceId);
    if (!invoice) return;
    this.created += 1;
    const id = `p${this.created}`;
    this.books.change(accountId, { type: 'payment', id, contactId: invoice.contactId, invoiceId });
    const payments = [...invoice.payments, id];
    this.books.change(accountId, { type: 'invoice', id: invoiceId, payments });
  }

  /** Its webhook comes later than others, so that it is first heard of as somebody's customer. */
  private newContact(accountId: string): string {
    this.created += 1;
    const id = `n${this.created}`;
    this.books.change(accountId, { type: 'contact', id });
    return id;
  }

  private announce({ accountId, entity, created }: BooksChange): void {
    const { chance, queue } = this.world;
    const key = keyOf({ connectionId: accountId, entityType: entity.type, entityId: entity.id });
    if (entity.type !== 'contact') this.owed.set(key, entity.version);
    if (entity.type === 'payment') return;
    if (chance.strikesHere(`the notice of ${key} is lost`, 0.1)) return;
    const late = chance.strikesHere(`the notice of ${key} is late`, 0.1);
    const afterMs = late ? chance.between(10 * SECOND, 2 * MINUTE) : chance.between(5, 1_500);
    queue.schedule(afterMs, () => this.notify(accountId, entity, created));
    if (chance.strikesHere(`the notice of ${key} comes twice`, 0.1))
      queue.schedule(afterMs + chance.between(1, MINUTE), () => this.notify(accountId, entity, created));
  }

  private notify(connectionId: string, { type, id, version }: BookedEntity, created: boolean): void {
    const key = keyOf({ connectionId, entityType: type, entityId: id });
    this.owed.set(key, Math.max(version, this.owed.get(key) ?? 0));
    this.world.write(notices, connectionId, {
      noticeId: `${connectionId}/${type}/${id}/${version}`,
      webhookId: null,
      workspaceId: 'w1',
      connectionId,
      vendor: 'books',
      entityType: type,
      entityId: id,
      changeType: created ? 'created' : 'updated',
      origin: 'webhook',
      recheck: false,
      recheckToken: null,
      sourceTime: version,
      receivedAt: this.world.queue.now,
    });
  }

  private planOutage(): ScenarioStep {
    const { chance, queue } = this.world;
    const forMs = chance.between(5 * SECOND, 2 * MINUTE);
    return {
      atMs: chance.between(0, 4 * MINUTE),
      name: `the books are away for ${Math.round(forMs / SECOND)} s`,
      run: () => {
        this.books.awayUntil = queue.now + forMs;
      },
    };
  }
}

function connection(connectionId: string, { queue }: SimulatedWorld): Connection {
  return {
    connectionId,
    workspaceId: 'w1',
    vendor: 'books',
    accountId: connectionId,
    displayName: connectionId,
    status: 'active',
    timeZone: 'UTC',
    country: null,
    currency: 'GBP',
    settings: {},
    updatedAt: queue.now,
  };
}
