export type { DueTimer, InputRecord, StoreView, TaskContext, TimerRequest } from './api/context.js';
export {
  Consume,
  ConsumeBatch,
  type ConsumeBatchOptions,
  type ConsumeOptions,
  Every,
  OnTimer,
  type OutcomeSubject,
  type PipelineOptions,
  StreamPipeline,
} from './api/decorators.js';
export type { LogProducer, OutgoingRecord } from './api/log-producer.js';
export type { ReadTable } from './api/table.js';
export { PipelineDriver, type PipelineDriverOptions } from './testing/pipeline-driver.js';
