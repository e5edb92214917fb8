import {
  accountingRecordSchema,
  commandStateSchema,
  debtorGroupSchema,
  debtSchema,
  deliveryStateSchema,
  derivedCommandSchema,
  entityFingerprintSchema,
  failedMessageSchema,
  gatedMessageSchema,
  heldEventSchema,
  keptContactSchema,
  messageLinkSchema,
  optOutSchema,
  parkedWorkSchema,
  personDaySchema,
  plannedRemindersSchema,
  pollCursorSchema,
  timerSchema,
  toldWishSchema,
  waitingRecordSchema,
} from './generated/schemas.js';
import type { SchemaOf } from './schema.js';
import { stateTopic, type Topic } from './topics.js';

/** A state store as its service declares it: the changelog topic is `<service>.<name>`. */
export interface StoreDefinition<T> {
  readonly name: string;
  readonly schema: SchemaOf<T>;
  /** It grows with the tenants' data: kept in the task's local file where the service has a folder for it. */
  readonly large?: boolean;
  /** Entries that were not written for so long are swept out; absent = kept until they are deleted. */
  readonly retentionDays?: number;
}

/**
 * How long a derived command is remembered. Inputs are kept for 30 days and can be replayed that long; a vendor may show an old
 * entity again at any time, but a year later nobody expects a message about it.
 */
const REMEMBER_COMMANDS_DAYS = 400;
/** What a person has had counts for the day; the rest of the time is for clocks that differ. */
const REMEMBER_PERSONS_DAYS = 3;
/** How long a finished message is remembered for late status callbacks and replays of its command. */
const REMEMBER_MESSAGES_DAYS = 100;

/** Stores that the runtime keeps for every service. */
export const runtimeStores = {
  parked: defineStore('parked', parkedWorkSchema, { large: true }),
  timers: defineStore('timers', timerSchema, { large: true }),
};

/** Stores of the fetcher. */
export const fetcherStores = {
  fingerprints: defineStore('fingerprints', entityFingerprintSchema, { large: true }),
  cursors: defineStore('cursors', pollCursorSchema),
  wishes: defineStore('wishes', toldWishSchema),
};

/**
 * Stores of the mapper. `entities` holds the last record of each contact and open invoice (and, for a while, of closed ones),
 * without its raw JSON; `debts` the open invoices by debtor; `waiting` the records that lack another entity; `reminders` which
 * timers an invoice has; `groups` the reminders that go out together; `held` what waits for its hour; `gated` messages on their
 * way through the daily cap, and `persons` what it counts; `failed` messages whose other way waits for the state or its hour.
 */
export const mapperStores = {
  entities: defineStore('entities', accountingRecordSchema, { large: true }),
  commands: defineStore('commands', derivedCommandSchema, {
    large: true,
    retentionDays: REMEMBER_COMMANDS_DAYS,
  }),
  waiting: defineStore('waiting', waitingRecordSchema, { large: true }),
  reminders: defineStore('reminders', plannedRemindersSchema, { large: true }),
  debts: defineStore('debts', debtSchema, { large: true }),
  groups: defineStore('groups', debtorGroupSchema),
  held: defineStore('held', heldEventSchema, { large: true }),
  gated: defineStore('gated', gatedMessageSchema),
  failed: defineStore('failed', failedMessageSchema),
  persons: defineStore('persons', personDaySchema, { large: true, retentionDays: REMEMBER_PERSONS_DAYS }),
};

/** Stores of the twilio-sender. `contacts` holds what is kept of the books' contacts, by contact and once more by number. */
export const twilioSenderStores = {
  commands: defineStore('commands', commandStateSchema, {
    large: true,
    retentionDays: REMEMBER_MESSAGES_DAYS,
  }),
  messages: defineStore('messages', messageLinkSchema, {
    large: true,
    retentionDays: REMEMBER_MESSAGES_DAYS,
  }),
  deliveries: defineStore('deliveries', deliveryStateSchema, {
    large: true,
    retentionDays: REMEMBER_MESSAGES_DAYS,
  }),
  optOuts: defineStore('opt-outs', optOutSchema, { large: true }),
  contacts: defineStore('contacts', keptContactSchema, { large: true }),
};

/** The name of the fetcher that serves one vendor: its consumer group and the prefix of its state topics. */
export function fetcherNameOf(vendor: string): string {
  return `fetcher-${vendor}`;
}

/** Every state topic of the product, for the given vendors. */
export function stateTopics(vendors: readonly string[]): Topic<unknown>[] {
  const services: [string, Readonly<Record<string, StoreDefinition<unknown>>>][] = [
    ...vendors.map((vendor): [string, Record<string, StoreDefinition<unknown>>] => [
      fetcherNameOf(vendor),
      fetcherStores,
    ]),
    ['mapper', mapperStores],
    ['twilio-sender', twilioSenderStores],
    ['console', {}],
  ];
  return services.flatMap(([service, stores]) =>
    [...Object.values(stores), ...Object.values(runtimeStores)].map((store) =>
      stateTopic(service, store.name, store.schema),
    ),
  );
}

function defineStore<T>(
  name: string,
  schema: SchemaOf<T>,
  options: Pick<StoreDefinition<T>, 'large' | 'retentionDays'> = {},
): StoreDefinition<T> {
  return { name, schema, ...options };
}
