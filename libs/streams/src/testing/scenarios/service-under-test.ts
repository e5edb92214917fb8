import {
  type ChangeNotice,
  changeNoticeSchema,
  type DeadLetter,
  type DerivedCommand,
  derivedCommandSchema,
  type OperatorRequest,
  type Outcome,
  type StoreDefinition,
  type Topic,
} from '#libs/contracts';
import type { DueTimer, InputRecord, TaskContext } from '../../api/context.js';
import { Consume, OnTimer, StreamPipeline } from '../../api/decorators.js';
import type { TaskSettings } from '../../task/task-settings.js';
import { noticeFor } from '../notices.js';

/** What a scenario's handlers do; the fields may be changed while it plays. */
export interface Script {
  onNotice?: (record: InputRecord<ChangeNotice>, context: TaskContext) => Promise<void> | void;
  onTimer?: (timer: DueTimer, context: TaskContext) => Promise<void> | void;
}

/** How the processes of a service are run. */
export interface ProcessSettings extends Partial<TaskSettings> {
  /** How long the broker keeps a member that shows no sign of life, in milliseconds; where there is a broker with members. */
  readonly sessionTimeoutMs?: number;
}

/** A record that is not what it should be. */
export interface RawInput {
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * A service as the scenarios see it, whatever is below it: the driver in memory with virtual time, the simulated broker, or
 * Kafka. One process of it runs at a time, and one partition has all its input.
 */
export interface ServiceUnderTest {
  /** Starts the first process. */
  start(script: Script, settings?: ProcessSettings): Promise<void>;
  /** kill -9; another process takes over. */
  kill(): Promise<void>;
  /** SIGTERM. Resolves when the process has ended by itself; another one is there then, or soon after. */
  terminate(): Promise<void>;
  send(notices: readonly Partial<ChangeNotice>[]): Promise<void>;
  sendRaw(input: RawInput): Promise<void>;
  /** What an operator asks of parked work; every task is told. */
  ask(request: Pick<OperatorRequest, 'action'> & Partial<OperatorRequest>): Promise<void>;
  /** Committed outputs of handlers, in order. */
  outputs(): readonly ChangeNotice[];
  /** Committed outcomes of the runtime, in order. */
  outcomes(): readonly Outcome[];
  deadLetters(): readonly DeadLetter[];
  /** Takes time of the service's clock. */
  sleep(ms: number): Promise<void>;
  /** Lets time pass until it holds; throws when it does not, after some minutes of the service's clock at most. */
  until(what: string, holds: () => boolean): Promise<void>;
}

/** Something that the runtime must do, whatever is below it. Throws where it does otherwise. */
export interface TaskScenario {
  readonly name: string;
  play(service: ServiceUnderTest): Promise<void>;
}

/** How long {@link ServiceUnderTest.until} waits in virtual time. */
export const PATIENCE_MS = 60_000;

/** All records of a scenario have this key, and so one partition. */
export const KEY = 'connection';

/** The one store of the scripted service. */
export const marks: StoreDefinition<DerivedCommand> = { name: 'marks', schema: derivedCommandSchema };

/** The topics of one scripted service. */
export interface ScriptedTopics {
  readonly input: Topic<ChangeNotice>;
  readonly output: Topic<ChangeNotice>;
}

/** An input or output of the scripted service. */
export function scriptedTopic(name: string): Topic<ChangeNotice> {
  return {
    name,
    schema: changeNoticeSchema,
    key: 'connectionId',
    policy: { kind: 'delete', retentionDays: 1 },
    partitions: 'chain',
  };
}

/** Handlers that do what the script says; a notice or timer that is done is told in the output, with its attempt. */
export function scriptedHandlers({ input, output }: ScriptedTopics, script: Script): object {
  @StreamPipeline({ stores: { marks }, outputs: [output] })
  class Scripted {
    @Consume(input, {
      lane: ({ value }) => value.entityId,
      about: ({ workspaceId, entityId }) => ({ workspaceId, entityId }),
    })
    async onNotice(record: InputRecord<ChangeNotice>, context: TaskContext): Promise<void> {
      await script.onNotice?.(record, context);
      context.emit(output, KEY, { ...record.value, changeType: `attempt ${record.attempt}` });
    }

    @OnTimer('alarm')
    async onTimer(timer: DueTimer, context: TaskContext): Promise<void> {
      await script.onTimer?.(timer, context);
      const payload = JSON.stringify(timer.payload);
      context.emit(output, KEY, noticeFor({ noticeId: timer.key, changeType: `timer ${payload}` }));
    }
  }
  return new Scripted();
}
