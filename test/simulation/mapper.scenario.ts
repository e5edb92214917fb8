import { Registry } from 'prom-client';
import { type FlowDefinition, type MessageCommand, topics } from '#libs/contracts';
import { InlineRenderer, sampleSource, sampleTarget } from '#libs/flows';
import type { Scenario, ScenarioRun, ScenarioStep, SeenRecord, SimulatedWorld } from '#libs/streams';
import { FlowBook } from '../../apps/mapper/src/flow-book.js';
import { MapperMetrics } from '../../apps/mapper/src/mapper.metrics.js';
import { MapperPipeline } from '../../apps/mapper/src/mapper.pipeline.js';
import { defaultMapperSettings, type MapperTools } from '../../apps/mapper/src/mapper-tools.js';
import { TestTable } from '../../apps/mapper/src/testing/test-table.js';
import { SimulatedBooks } from './vendors/simulated-books.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** Two days after this the last reminder is due. */
const DUE_DATE = '2026-01-05';
const FIRST_REMINDER_AT = Date.UTC(2026, 0, 6, 9);
const REMINDER_DAYS = [1, 2];

const FLOW = `apiVersion: ledgerwire/v1
id: invoices
name: Simulated flow
workspace: ${sampleSource.workspaceId}
source: ${sampleSource.connectionId}
target: ${sampleTarget.connectionId}
steps:
  - id: issued
    when: invoice.issued
    to: customer
    channel: sms
    template: 'Invoice {{ invoice.number }}'
  - id: overdue
    when: invoice.overdue
    days: [${REMINDER_DAYS.join(', ')}]
    at: '09:00'
    to: customer
    channel: sms
    template: 'Please pay {{ invoice.number }}'
`;

/** mapper with reminders, beside books that change while nobody looks. */
export const mapperScenario: Scenario = {
  name: 'mapper',
  harassEveryMs: 2 * HOUR,
  prepare: (world) => new MapperRun(world),
};

class MapperRun implements ScenarioRun {
  readonly faultsMs = 50 * HOUR;
  readonly settleMs = 40 * HOUR;
  readonly lookEveryMs = HOUR;
  readonly steps: readonly ScenarioStep[];
  private readonly books: SimulatedBooks;
  private readonly service;
  private readonly startedAt: number;

  constructor(private readonly world: SimulatedWorld) {
    const { chance } = world;
    this.startedAt = world.queue.now;
    this.books = new SimulatedBooks(world);
    const tools = createTools(world);
    this.service = world.run({
      name: 'mapper',
      replicas: chance.between(1, 2),
      // Days pass: the proportions of production, two hundred times slower.
      group: {
        sessionTimeoutMs: 30 * MINUTE,
        rebalanceTimeoutMs: 20 * MINUTE,
        heartbeatIntervalMs: 10 * MINUTE,
        fetchMaxWaitMs: 15 * MINUTE,
        transactionTimeoutMs: 20 * MINUTE,
      },
      settings: { commitLingerMs: chance.pick([0, 5]) },
      handlers: () => [new MapperPipeline(tools)],
    });
    this.steps = Array.from({ length: chance.between(2, 6) }, (_, i) => this.planInvoice(i)).flat();
  }

  settled(): boolean {
    return (
      this.service.drained && this.missingMessages().length === 0 && this.reminderPending() === undefined
    );
  }

  missing(): string {
    const missing = this.missingMessages();
    const pending = this.reminderPending() ?? 'none';
    return `messages ${missing.join(', ')}; reminders ${pending}; ready ${this.service.ready}`;
  }

  check(): string[] {
    const messages = this.world.records(topics.messages);
    const broken: string[] = [];
    const ids = new Set<string>();
    for (const message of messages) {
      const { commandId, businessEvent } = message.value;
      if (ids.has(commandId)) broken.push(`${businessEvent} became two commands`);
      ids.add(commandId);
      if (message.value.flowStep === 'overdue') broken.push(...this.checkReminder(message));
    }
    return broken;
  }

  /** A reminder leaves only when the books, read for it, said that the invoice is open. */
  private checkReminder({ value, timestamp }: SeenRecord<MessageCommand>): string[] {
    const read = this.books.reads.findLast(
      ({ invoiceId, at }) => invoiceId === value.entityId && at >= FIRST_REMINDER_AT && at <= timestamp,
    );
    if (!read) return [`${value.businessEvent} was sent without a look at the books`];
    // A slower answer to an earlier question may be the one that was used.
    const open = this.books.reads.some(
      ({ invoiceId, at, open }) =>
        invoiceId === value.entityId && at >= FIRST_REMINDER_AT && at <= timestamp && open,
    );
    return open ? [] : [`${value.businessEvent} was sent although the books said that it is paid`];
  }

  /** Every invoice is told of; one that is never paid is reminded of twice. */
  private missingMessages(): string[] {
    const told = new Set(this.world.records(topics.messages).map(({ value }) => value.businessEvent));
    return [...this.books.invoices.values()].flatMap(({ invoiceId, paidAt }) => {
      const wanted = [`invoice/${invoiceId}/issued`];
      if (paidAt === undefined)
        wanted.push(...REMINDER_DAYS.map((days) => `invoice/${invoiceId}/overdue/${days}d`));
      return wanted.filter((event) => !told.has(event));
    });
  }

  private reminderPending(): string | undefined {
    const over = FIRST_REMINDER_AT + REMINDER_DAYS.length * 24 * HOUR;
    return this.world.queue.now < over ? 'not all due yet' : undefined;
  }

  private planInvoice(i: number): ScenarioStep[] {
    const { chance } = this.world;
    const invoiceId = `i${i}`;
    const issuedAtMs = chance.between(0, 4 * HOUR);
    const issue: ScenarioStep = {
      atMs: issuedAtMs,
      name: `invoice ${invoiceId} is issued`,
      run: () => this.books.issue(invoiceId, `contact-${chance.between(1, 3)}`, DUE_DATE),
    };
    if (chance.random() < 0.4) return [issue];
    // Most are paid around the first reminder, where it matters.
    const aroundReminder = FIRST_REMINDER_AT - this.startedAt + chance.between(-20 * MINUTE, 20 * MINUTE);
    const paidAtMs = chance.random() < 0.7 ? aroundReminder : chance.between(issuedAtMs, 40 * HOUR);
    return [
      issue,
      { atMs: paidAtMs, name: `invoice ${invoiceId} is paid`, run: () => this.books.pay(invoiceId) },
    ];
  }
}

function createTools(world: SimulatedWorld): MapperTools {
  const flows = new TestTable<FlowDefinition>();
  flows.set('invoices', {
    flowId: 'invoices',
    workspaceId: sampleSource.workspaceId,
    version: 1,
    enabled: true,
    sourceConnectionId: sampleSource.connectionId,
    targetConnectionId: sampleTarget.connectionId,
    yaml: FLOW,
    updatedAt: world.queue.now,
  });
  const book = new FlowBook(flows);
  return {
    flows: book,
    connections: new Map([sampleSource, sampleTarget].map((each) => [each.connectionId, each])),
    renderer,
    measureOf: () => (text) => ({ encoding: 'GSM-7', units: text.length, segments: 1 }),
    settings: defaultMapperSettings,
    metrics,
  };
}

const renderer = new InlineRenderer();
const metrics = new MapperMetrics(new Registry(), () => 0);
