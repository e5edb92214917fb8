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
export type { LogProducer, OutgoingRecord, RawLogProducer, SendTiming } from './api/log-producer.js';
export type { LogReader, PartitionBounds } from './api/log-reader.js';
export type { RawHeader, RawOutput, RawRecord } from './log/raw-record.js';
export { rehearse } from './api/rehearsal.js';
export type { ReadTable } from './api/table.js';
export { LogProbe, type ProbedRecord } from './testing/log-probe.js';
export { readTopics } from './testing/read-topics.js';
export { RestoreRig, type RestoreRigOptions } from './testing/restore-rig.js';
export { PipelineDriver, type PipelineDriverOptions } from './testing/pipeline-driver.js';
export {
  type HistoryOptions,
  type Scenario,
  type ScenarioRun,
  type ScenarioStep,
  simulate,
  type SimulationResult,
} from './testing/simulation/scenario.js';
export { shrink, type ShrunkFailure } from './testing/simulation/shrink.js';
export { SimulatedProcess } from './testing/simulation/simulated-process.js';
export type { ServiceDescription, SimulatedService } from './testing/simulation/simulated-service.js';
export { type SeenRecord, SimulatedWorld } from './testing/simulation/simulated-world.js';
export {
  RegistryAdmin,
  type SubjectReport,
  type SubjectSpec,
  type SubjectState,
} from './codec/registry-admin.js';
export type { RegistryOptions } from './codec/registry-codec.js';
export { KafkaClient, type KafkaConnectionOptions } from './kafka/kafka-client.js';
export { partitionOfKey } from './kafka/partitioner.js';
export { TopicAdmin, type TopicReport, type TopicSpec, type TopicState } from './kafka/topic-admin.js';
export { kafkaOptionsOf, registryOptionsOf } from './nest/connection-options.js';
export { StreamsModule, type StreamsModuleOptions } from './nest/streams.module.js';
export { StreamsServer } from './nest/streams-server.js';
export { CONNECTIONS_TABLE, FLOWS_TABLE, LOG_PRODUCER, LOG_READER } from './nest/streams.tokens.js';
