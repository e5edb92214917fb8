import { mapperStores } from '#libs/contracts';
import { systemClock } from '#libs/core';
import { RegistryCodec } from '../codec/registry-codec.js';
import { GatheringProducer } from '../kafka/gathering-producer.js';
import { KafkaClient } from '../kafka/kafka-client.js';
import { KafkaTaskLogFactory } from '../kafka/transactional-task-log.js';
import { StateDatabase } from '../state/state-database.js';
import { changelogOf, TaskState } from '../state/task-state.js';
import { learnSchema } from '../task/schema-learning.js';
import { silentTaskEvents } from '../task/task-events.js';

/** A real log whose topics were created by the setup job. */
export interface RestoreRigOptions {
  readonly kafkaBrokers: string;
  readonly registryUrl: string;
}

/** The store that is measured: the mapper's, which remembers every command that was ever derived. */
const SERVICE = 'mapper';
const STORE = mapperStores.commands;
const PARTITION = 0;
const PORTION = 5_000;

/** Fills the changelog of one task's dedup store and restores it, as a task does when it is opened; for benchmarks. */
export class RestoreRig {
  private readonly client: KafkaClient;
  private readonly codec: RegistryCodec;
  private readonly topic = changelogOf(SERVICE, STORE);

  constructor({ kafkaBrokers, registryUrl }: RestoreRigOptions) {
    this.client = new KafkaClient({ brokers: kafkaBrokers.split(','), clientId: 'restore-rig' });
    this.codec = new RegistryCodec({ url: registryUrl }, systemClock);
  }

  /** Writes so many keys. */
  async fill(keys: number, idOf: (i: number) => string): Promise<void> {
    await this.codec.warm([this.topic]);
    const producer = new GatheringProducer(this.client, this.codec, systemClock, {
      topics: [this.topic.name],
      deadlineMs: 60_000,
    });
    const value = this.codec.encode(this.topic, {
      recordId: idOf(-1),
      derivedAt: systemClock.now(),
      contentHash: null,
    });
    for (let from = 0; from < keys; from += PORTION) {
      const count = Math.min(PORTION, keys - from);
      const key = (i: number): Buffer => Buffer.from(idOf(from + i));
      await producer.sendRaw(
        Array.from({ length: count }, (_, i) => ({
          topic: this.topic.name,
          partition: PARTITION,
          key: key(i),
          value,
          headers: [],
        })),
      );
    }
    await producer.close();
  }

  /** Restores the store into a file. Answers how many keys it has then. */
  async restore(file: string): Promise<number> {
    await this.codec.warm([this.topic]);
    const logs = new KafkaTaskLogFactory(
      this.client,
      {
        service: SERVICE,
        inputs: [this.topic.name],
        topics: [this.topic.name],
        transactionTimeoutMs: 15_000,
      },
      systemClock,
    );
    const log = await logs.open(PARTITION);
    const events = { ...silentTaskEvents };
    const { codec } = this;
    const state = new TaskState({
      service: SERVICE,
      log,
      clock: systemClock,
      database: new StateDatabase(file),
      knows: (bytes) => codec.knows(bytes),
      learn: (bytes) =>
        learnSchema(bytes, { codec, clock: systemClock, events, signal: new AbortController().signal }),
      restored: () => undefined,
    });
    try {
      await state.restore([STORE]);
      return state.storeOf(STORE.name).size;
    } finally {
      state.close();
      await log.close();
    }
  }
}
