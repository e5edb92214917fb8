import {
  type OperatorRequest,
  type ParkedWork,
  parkedWorkSchema,
  runtimeStores,
  stateTopic,
  topics,
} from '#libs/contracts';
import { type Clock, randomId } from '#libs/core';
import type { LogProducer, LogReader, RawRecord } from '#libs/streams';

/** One parked record, without its bytes. */
export interface ParkedView {
  readonly service: string;
  readonly partition: number;
  /** The key of its entry; what a request names it by. */
  readonly parkedKey: string;
  readonly connectionId: string | null;
  readonly topic: string;
  readonly offset: number;
  readonly lane: string;
  readonly reason: string;
  readonly attempts: number;
  readonly firstParkedAt: number;
  readonly nextTryAt: number;
}

/** What a list of parked work is narrowed by; absent = any. */
export interface ParkedFilter {
  readonly service?: string | undefined;
  readonly connectionId?: string | undefined;
  readonly reason?: string | undefined;
}

/** What an operator asks of parked work. */
export interface ParkedRequest {
  readonly service: string;
  readonly action: 'retry-now' | 'give-up';
  readonly connectionId?: string | undefined;
  readonly parkedReason?: string | undefined;
  readonly parkedKeys?: readonly string[] | undefined;
  readonly reason: string;
}

const SUFFIX = `.${runtimeStores.parked.name}`;

interface Followed {
  readonly entries: Map<string, ParkedView>;
  offset: number;
}

/**
 * What is parked in every service: read from the changelogs of their `parked` stores when somebody asks, each time only what
 * came since. Requests go back to the tasks over their topic.
 */
export class ParkedWorkList {
  private readonly followed = new Map<string, Followed>();
  private reading: Promise<void> = Promise.resolve();

  constructor(
    private readonly reader: LogReader,
    private readonly producer: LogProducer,
    private readonly clock: Clock,
  ) {}

  /** The services that have parked work or could have some. */
  async services(): Promise<string[]> {
    const names = await this.reader.topics();
    return names.filter((name) => name.endsWith(SUFFIX)).map((name) => name.slice(0, -SUFFIX.length));
  }

  /** In the order of their next try. */
  async list(filter: ParkedFilter): Promise<ParkedView[]> {
    const services = filter.service === undefined ? await this.services() : [filter.service];
    // One reader at a time: two that follow the same changelog would count its records twice.
    this.reading = this.reading
      .catch(() => undefined)
      .then(async () => {
        for (const service of services) await this.follow(service);
      });
    await this.reading;
    return services
      .flatMap((service) => this.entriesOf(service))
      .filter((entry) => filter.connectionId === undefined || entry.connectionId === filter.connectionId)
      .filter((entry) => filter.reason === undefined || entry.reason === filter.reason)
      .sort((a, b) => a.nextTryAt - b.nextTryAt);
  }

  /** Tells every task of the service; answers the id of the request. */
  async request(request: ParkedRequest): Promise<string> {
    const requestId = randomId();
    const value: OperatorRequest = {
      requestId,
      service: request.service,
      action: request.action,
      parkedKeys: [...(request.parkedKeys ?? [])],
      connectionId: request.connectionId ?? null,
      parkedReason: request.parkedReason ?? null,
      reason: request.reason,
      requestedAt: this.clock.now(),
    };
    const partitions = await this.reader.partitionsOf(topics.operatorRequests.name);
    await this.producer.sendAll(
      Array.from({ length: partitions }, (_, partition) => ({
        topic: topics.operatorRequests,
        key: requestId,
        partition,
        value,
      })),
    );
    return requestId;
  }

  private entriesOf(service: string): ParkedView[] {
    const prefix = `${service}${SUFFIX}/`;
    return [...this.followed].flatMap(([id, { entries }]) =>
      id.startsWith(prefix) ? [...entries.values()] : [],
    );
  }

  private async follow(service: string): Promise<void> {
    const topic = stateTopic(service, runtimeStores.parked.name, parkedWorkSchema);
    const partitions = await this.reader.partitionsOf(topic.name);
    for (let partition = 0; partition < partitions; partition += 1) {
      const id = `${topic.name}/${partition}`;
      const followed = this.followed.get(id) ?? { entries: new Map<string, ParkedView>(), offset: 0 };
      this.followed.set(id, followed);
      const { end } = await this.reader.bounds(topic.name, partition);
      const span = { from: followed.offset, to: end };
      for await (const records of this.reader.readSpan(topic.name, partition, span)) {
        for (const record of records) await this.apply(service, record, followed);
      }
      followed.offset = end;
    }
  }

  private async apply(service: string, record: RawRecord, { entries }: Followed): Promise<void> {
    const parkedKey = record.key?.toString() ?? '';
    if (!record.value) {
      entries.delete(parkedKey);
      return;
    }
    const topic = stateTopic(service, runtimeStores.parked.name, parkedWorkSchema);
    entries.set(parkedKey, viewOf(service, parkedKey, record, await this.reader.decode(topic, record)));
  }
}

function viewOf(service: string, parkedKey: string, record: RawRecord, work: ParkedWork): ParkedView {
  return {
    service,
    partition: record.partition,
    parkedKey,
    connectionId: work.key?.toString() ?? null,
    topic: work.topic,
    offset: work.offset,
    lane: work.lane,
    reason: work.reason,
    attempts: work.attempts,
    firstParkedAt: work.firstParkedAt,
    nextTryAt: work.wakeAt,
  };
}
