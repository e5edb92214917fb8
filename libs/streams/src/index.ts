export type { DueTimer, InputRecord, StoreView, TaskContext, TimerRequest } from './api/context.js';
export {
  Consume,
  ConsumeBatch,
  type ConsumeBatchOptions,
  type ConsumeOptions,
  Every,
  OnTimer,
  type OutcomeSubject,
} from './api/decorators.js';
export type { LogProducer, OutgoingRecord } from './api/log-producer.js';
export type { ReadTable } from './api/table.js';
