export * from './generated/schemas.js';
export type * from './generated/types.js';
export { forcedCommand } from './forced-command.js';
export { headerNames, type Origin, type ReplayMode, replayOf, type ReplayOrigin } from './headers.js';
export type { EpochMs, IsoDate } from './logical-types.js';
export { outcomeOf, type OutcomeParts, traceIdOf } from './outcome.js';
export { avroOptions, avroType, decodeValue, encodeValue, type SchemaOf, schemaOf } from './schema.js';
export {
  fetcherNameOf,
  fetcherStores,
  mapperStores,
  runtimeStores,
  stateTopics,
  type StoreDefinition,
  twilioSenderStores,
} from './state-stores.js';
export { noBodies, type RecordBodies } from './record-bodies.js';
export {
  changeNoticesOf,
  type CleanupPolicy,
  contactWishesOf,
  stateTopic,
  subjectOf,
  type Topic,
  topics,
} from './topics.js';
