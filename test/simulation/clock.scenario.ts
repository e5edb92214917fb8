import { type MessageCommand, type Outcome, topics } from '#libs/contracts';
import { sampleSource, sampleTarget } from '#libs/flows';
import type { Scenario, ScenarioRun, ScenarioStep, SeenRecord, SimulatedWorld } from '#libs/streams';
import { MapperPipeline } from '../../apps/mapper/src/mapper.pipeline.js';
import { createMapperTools } from './mapper-service.js';
import { SimulatedBooks } from './vendors/simulated-books.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Noons (UTC) before a night in which clocks are changed somewhere, or a day is put in. */
const NIGHTS = [
  '2027-03-13', // North America forward
  '2027-03-27', // Europe forward
  '2027-04-03', // Australia back, Lord Howe by half an hour
  '2027-10-02', // Australia forward
  '2027-10-30', // Europe back
  '2027-11-06', // North America back
  '2028-02-28', // leap day
  '2027-12-31', // a new year
].map((date) => Date.parse(`${date}T12:00:00Z`));

const ZONES = (
  'Europe/Paris Europe/London Europe/Dublin Europe/Berlin Europe/Madrid Europe/Helsinki Europe/Moscow ' +
  'Europe/Istanbul Atlantic/Azores Atlantic/Reykjavik Africa/Cairo Africa/Casablanca ' +
  'Africa/Johannesburg Africa/Lagos Africa/Nairobi Asia/Jerusalem Asia/Dubai Asia/Tehran Asia/Karachi ' +
  'Asia/Kolkata Asia/Kathmandu Asia/Dhaka Asia/Yangon Asia/Bangkok Asia/Shanghai Asia/Singapore ' +
  'Asia/Tokyo Asia/Seoul Asia/Manila Australia/Perth Australia/Eucla Australia/Darwin ' +
  'Australia/Adelaide Australia/Brisbane Australia/Sydney Australia/Lord_Howe Pacific/Auckland ' +
  'Pacific/Chatham Pacific/Tongatapu Pacific/Kiritimati Pacific/Honolulu America/Anchorage ' +
  'America/Los_Angeles America/Phoenix America/Denver America/Chicago America/New_York America/Halifax ' +
  'America/St_Johns America/Havana America/Santiago America/Sao_Paulo America/Argentina/Buenos_Aires ' +
  'America/Bogota'
).split(' ') as [string, ...string[]];

/** By how much clocks are set wrong. */
const STEPS: readonly [number, ...number[]] = [10 * MINUTE, -10 * MINUTE, DAY, -DAY, 0];
const QUIET_FROM = '20:00';
const QUIET_TO = '08:00';
/** What was decided before the quiet began may be written so much later: pauses, crashes and lost requests lie in between. */
const WRITTEN_WITHIN_MS = 45 * MINUTE;
/** Days pass, so that heartbeats must be rare. */
const GROUP = {
  sessionTimeoutMs: 18 * MINUTE,
  rebalanceTimeoutMs: 12 * MINUTE,
  heartbeatIntervalMs: 5 * MINUTE,
  fetchMaxWaitMs: 10 * MINUTE,
  transactionTimeoutMs: 12 * MINUTE,
};
const REMINDERS = ['night', 'noon', 'evening'];

const FLOW = `apiVersion: ledgerwire/v1
id: invoices
name: Simulated flow
workspace: ${sampleSource.workspaceId}
source: ${sampleSource.connectionId}
target: ${sampleTarget.connectionId}
quietHours: { from: "${QUIET_FROM}", to: "${QUIET_TO}" }
steps:
  - id: night
    when: invoice.overdue
    days: [1]
    at: '02:30'
    to: customer
    channel: sms
    template: 'Please pay {{ invoice.number }}'
  - id: noon
    when: invoice.overdue
    days: [1]
    at: '12:00'
    to: customer
    channel: sms
    template: 'Please pay {{ invoice.number }}'
  - id: evening
    when: invoice.overdue
    days: [1]
    at: '21:30'
    to: customer
    channel: sms
    template: 'Please pay {{ invoice.number }} today'
`;

/** mapper with reminders in fifty zones, in nights in which clocks change, while somebody sets the machines' clocks (F14). */
export const clockScenario: Scenario = {
  name: 'clock',
  harassEveryMs: 2 * HOUR,
  startAt: (seed) => NIGHTS[seed % NIGHTS.length] ?? 0,
  prepare: (world) => new ClockRun(world),
};

class ClockRun implements ScenarioRun {
  readonly faultsMs = 2.5 * DAY;
  readonly settleMs = 4 * DAY;
  readonly lookEveryMs = 30 * MINUTE;
  readonly steps: readonly ScenarioStep[];
  private readonly zone: string;
  private readonly books: SimulatedBooks;
  private readonly service;
  /** When clocks were set, and to what, in true time. */
  private readonly set: { readonly at: number; readonly skewMs: number }[] = [];

  constructor(private readonly world: SimulatedWorld) {
    const { chance } = world;
    this.zone = chance.pick(ZONES);
    this.books = new SimulatedBooks(world, this.zone);
    const source = { ...sampleSource, timeZone: this.zone };
    const tools = createMapperTools(world, { yaml: FLOW, source });
    this.service = world.run({
      name: 'mapper',
      replicas: chance.between(1, 2),
      group: GROUP,
      handlers: () => [new MapperPipeline(tools)],
    });
    this.steps = [...this.planInvoices(), ...this.planClocks()];
  }

  settled(): boolean {
    return this.service.drained && this.missingReminders().length === 0;
  }

  missing(): string {
    return `in ${this.zone} reminders ${this.missingReminders().join(', ')}; ready ${this.service.ready}`;
  }

  check(): string[] {
    const seen = new Set<string>();
    const given = this.tooLate().flatMap(({ value, timestamp }) =>
      this.wereAhead(timestamp)
        ? []
        : [`${value.entityId ?? ''} ${value.flowStep ?? ''} was too late for clocks that were right`],
    );
    const sent = this.world.records(topics.messages).flatMap((message) => {
      const what = `${message.value.entityId} ${message.value.flowStep}`;
      const twice = seen.has(what) ? [`reminder ${what} was sent twice in ${this.zone}`] : [];
      seen.add(what);
      return [...twice, ...this.checkQuiet(message)];
    });
    return [...given, ...sent];
  }

  /** Reminders whose time was past when the invoice was first seen. */
  private tooLate(): SeenRecord<Outcome>[] {
    return this.world
      .records(topics.outcomes)
      .filter(({ value }) => value.status === 'skipped' && value.reason === 'too-late');
  }

  /** A clock that is a day ahead holds the reminders of a new invoice for past; the trail says so, and nothing else could be known. */
  private wereAhead(at: number): boolean {
    const before = this.set.findLast((step) => step.at <= at - WRITTEN_WITHIN_MS);
    const since = this.set.filter((step) => step.at > at - WRITTEN_WITHIN_MS && step.at <= at);
    return [before, ...since].some((step) => (step?.skewMs ?? 0) > 0);
  }

  /** What the machines held for the time is what they can be blamed for. */
  private checkQuiet({ value, timestamp }: SeenRecord<MessageCommand>): string[] {
    const last = this.set.findLast(({ at }) => at <= timestamp);
    if (last && timestamp - last.at < WRITTEN_WITHIN_MS) return [];
    const at = timestamp + (last?.skewMs ?? 0);
    const isQuiet = (instant: number): boolean => {
      const { time } = localReading(instant, this.zone);
      return time >= QUIET_FROM || time < QUIET_TO;
    };
    if (!isQuiet(at) || !isQuiet(at - WRITTEN_WITHIN_MS)) return [];
    const { date, time } = localReading(at, this.zone);
    return [
      `${value.entityId} was reminded (${value.flowStep}) at ${date} ${time} in ${this.zone}, which is quiet`,
    ];
  }

  private missingReminders(): string[] {
    const told = new Set(
      [...this.world.records(topics.messages), ...this.tooLate()].map(
        ({ value }) => `${value.entityId ?? ''} ${value.flowStep ?? ''}`,
      ),
    );
    return [...this.books.invoices.keys()]
      .flatMap((invoiceId) => REMINDERS.map((step) => `${invoiceId} ${step}`))
      .filter((wanted) => !told.has(wanted));
  }

  /** Due on the day of the beginning, so that the reminders fall into the night and the day after it. */
  private planInvoices(): ScenarioStep[] {
    const { chance, queue } = this.world;
    const { date } = localReading(queue.now, this.zone);
    return Array.from({ length: chance.between(1, 3) }, (_, i) => ({
      atMs: chance.between(0, HOUR),
      name: `invoice i${i} is issued`,
      run: () => this.books.issue(`i${i}`, `contact-${i}`, date),
    }));
  }

  /** After the last step the clocks are right. */
  private planClocks(): ScenarioStep[] {
    const { chance } = this.world;
    const times = Array.from({ length: chance.between(1, 5) }, () => chance.between(0, 2 * DAY)).toSorted(
      (a, b) => a - b,
    );
    const set = (atMs: number, skewMs: number): ScenarioStep => ({
      atMs,
      name: `clocks are set ${skewMs / MINUTE} minutes off`,
      run: () => {
        this.world.skewClocks(skewMs);
        this.set.push({ at: this.world.queue.now, skewMs });
      },
    });
    return [...times.map((atMs) => set(atMs, chance.pick(STEPS))), set(2.2 * DAY, 0)];
  }
}

const walls = new Map<string, Intl.DateTimeFormat>();

/** What clocks on the wall show in a zone, worked out in another way than the product does. */
function localReading(instant: number, timeZone: string): { date: string; time: string } {
  let wall = walls.get(timeZone);
  if (!wall) {
    wall = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'short' });
    walls.set(timeZone, wall);
  }
  const [date = '', time = ''] = wall.format(instant).split(' ');
  return { date, time };
}
