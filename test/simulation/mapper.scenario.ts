import { type MessageCommand, topics } from '#libs/contracts';
import { sampleSource, sampleTarget } from '#libs/flows';
import type { Scenario, ScenarioRun, ScenarioStep, SeenRecord, SimulatedWorld } from '#libs/streams';
import { MapperPipeline } from '../../apps/mapper/src/mapper.pipeline.js';
import { createMapperTools, SLOW_GROUP } from './mapper-service.js';
import { SimulatedBooks } from './vendors/simulated-books.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** A day after this the reminders are due, a few hours into the world. */
const DUE_DATE = '2026-01-04';
/** A step that reminds, and when it is due. */
interface Reminder {
  readonly step: string;
  readonly dueAt: number;
}

const REMINDERS: readonly [Reminder, Reminder] = [
  { step: 'noon', dueAt: Date.UTC(2026, 0, 5, 12) },
  { step: 'afternoon', dueAt: Date.UTC(2026, 0, 5, 14) },
];
const LAST_DUE_AT = REMINDERS[1].dueAt;

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
  - id: noon
    when: invoice.overdue
    days: [1]
    at: '12:00'
    to: customer
    channel: sms
    template: 'Please pay {{ invoice.number }}'
  - id: afternoon
    when: invoice.overdue
    days: [1]
    at: '14:00'
    to: customer
    channel: sms
    template: 'Please pay {{ invoice.number }} today'
`;

/** mapper with reminders, beside books that change while nobody looks. */
export const mapperScenario: Scenario = {
  name: 'mapper',
  harassEveryMs: 20 * MINUTE,
  prepare: (world) => new MapperRun(world),
};

class MapperRun implements ScenarioRun {
  readonly faultsMs = 5.5 * HOUR;
  readonly settleMs = 20 * HOUR;
  readonly lookEveryMs = 10 * MINUTE;
  readonly steps: readonly ScenarioStep[];
  private readonly books: SimulatedBooks;
  private readonly service;
  private readonly startedAt: number;

  constructor(private readonly world: SimulatedWorld) {
    const { chance } = world;
    this.startedAt = world.queue.now;
    this.books = new SimulatedBooks(world);
    const tools = createMapperTools(world, { yaml: FLOW, source: sampleSource });
    this.service = world.run({
      name: 'mapper',
      replicas: chance.between(1, 2),
      group: SLOW_GROUP,
      settings: { commitLingerMs: chance.pick([0, 5]) },
      handlers: () => [new MapperPipeline(tools)],
    });
    this.steps = Array.from({ length: chance.between(2, 6) }, (_, i) => this.planInvoice(i)).flat();
  }

  settled(): boolean {
    const allDue = this.world.queue.now > LAST_DUE_AT;
    return allDue && this.service.drained && this.missingMessages().length === 0;
  }

  missing(): string {
    return `messages ${this.missingMessages().join(', ')}; ready ${this.service.ready}`;
  }

  check(): string[] {
    const messages = this.world.records(topics.messages);
    const broken: string[] = [];
    const ids = new Set<string>();
    for (const message of messages) {
      const { commandId, businessEvent } = message.value;
      if (ids.has(commandId)) broken.push(`${businessEvent} became two commands`);
      ids.add(commandId);
      const reminder = REMINDERS.find(({ step }) => step === message.value.flowStep);
      if (reminder) broken.push(...this.checkReminder(message, reminder));
    }
    return broken;
  }

  /** A reminder leaves only when the books, read for it after it was due, said that the invoice is open. */
  private checkReminder(
    { value, timestamp }: SeenRecord<MessageCommand>,
    { step, dueAt }: Reminder,
  ): string[] {
    const what = `reminder ${step} of ${value.entityId}`;
    const reads = this.books.reads.filter(
      ({ token, invoiceId, at }) =>
        invoiceId === value.entityId && token.includes(`/${step}/`) && at >= dueAt && at <= timestamp,
    );
    if (reads.length === 0) return [`${what} was sent without a look at the books`];
    return reads.some(({ open }) => open) ? [] : [`${what} was sent although the books said that it is paid`];
  }

  /** Every invoice is told of; one that is never paid is reminded of by every step. */
  private missingMessages(): string[] {
    const messages = this.world.records(topics.messages);
    const told = new Set(messages.map(({ value }) => `${value.entityId} ${value.flowStep}`));
    return [...this.books.invoices.values()].flatMap(({ invoiceId, paidAt }) => {
      const steps = ['issued', ...(paidAt === undefined ? REMINDERS.map(({ step }) => step) : [])];
      return steps.map((step) => `${invoiceId} ${step}`).filter((wanted) => !told.has(wanted));
    });
  }

  private planInvoice(i: number): ScenarioStep[] {
    const { chance } = this.world;
    const invoiceId = `i${i}`;
    const issuedAtMs = chance.between(0, HOUR);
    const issue: ScenarioStep = {
      atMs: issuedAtMs,
      name: `invoice ${invoiceId} is issued`,
      run: () => this.books.issue(invoiceId, `contact-${chance.between(1, 3)}`, DUE_DATE),
    };
    if (chance.random() < 0.4) return [issue];
    // Most are paid around a reminder, where it matters.
    const { dueAt } = chance.pick(REMINDERS);
    const aroundReminder = dueAt - this.startedAt + chance.between(-10 * MINUTE, 10 * MINUTE);
    const paidAtMs = chance.random() < 0.7 ? aroundReminder : chance.between(issuedAtMs, 5 * HOUR);
    return [
      issue,
      { atMs: paidAtMs, name: `invoice ${invoiceId} is paid`, run: () => this.books.pay(invoiceId) },
    ];
  }
}
