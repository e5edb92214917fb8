import {
  accountingRecordSchema,
  commandStateSchema,
  deliveryStateSchema,
  derivedCommandSchema,
  entityFingerprintSchema,
  messageLinkSchema,
  optOutSchema,
  parkedWorkSchema,
  plannedRemindersSchema,
  pollCursorSchema,
  timerSchema,
  waitingRecordSchema,
} from './generated/schemas.js';
import type { SchemaOf } from './schema.js';
import { stateTopic, type Topic } from './topics.js';

/** A state store as its service declares it: the changelog topic is `<service>.<name>`. */
export interface StoreDefinition<T> {
  readonly name: string;
  readonly schema: SchemaOf<T>;
}

/** Stores that the runtime keeps for every service. */
export const runtimeStores = {
  parked: defineStore('parked', parkedWorkSchema),
  timers: defineStore('timers', timerSchema),
};

/** Stores of the fetcher. */
export const fetcherStores = {
  fingerprints: defineStore('fingerprints', entityFingerprintSchema),
  cursors: defineStore('cursors', pollCursorSchema),
};

/**
 * Stores of the mapper. `entities` holds the last record of each contact and open invoice (and, for a while, of closed ones),
 * without its raw JSON; `waiting` the records that lack another entity; `reminders` which timers an invoice has.
 */
export const mapperStores = {
  entities: defineStore('entities', accountingRecordSchema),
  commands: defineStore('commands', derivedCommandSchema),
  waiting: defineStore('waiting', waitingRecordSchema),
  reminders: defineStore('reminders', plannedRemindersSchema),
};

/** Stores of the twilio-sender. */
export const twilioSenderStores = {
  commands: defineStore('commands', commandStateSchema),
  messages: defineStore('messages', messageLinkSchema),
  deliveries: defineStore('deliveries', deliveryStateSchema),
  optOuts: defineStore('opt-outs', optOutSchema),
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

function defineStore<T>(name: string, schema: SchemaOf<T>): StoreDefinition<T> {
  return { name, schema };
}
