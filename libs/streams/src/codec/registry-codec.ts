import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import type avro from 'avsc';
import { avroOptions, encodeValue, type SchemaOf, subjectOf, type Topic } from '#libs/contracts';
import { type Clock, LedgerwireError } from '#libs/core';
import type { Codec } from './codec.js';
import { frame, schemaIdOf, WIRE_HEADER_BYTES } from './wire-format.js';

/** How a service reaches the registry (any with the Confluent API). */
export interface RegistryOptions {
  readonly url: string;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

type Middleware = NonNullable<ConstructorParameters<typeof SchemaRegistry>[0]['middlewares']>[number];
type Resolver = ReturnType<avro.Type['createResolver']>;

/** An id of no use is not asked for again within this time: a flood of records with it must not become a flood of requests. */
const USELESS_ID_MS = 60_000;
const REQUEST_TIMEOUT_MS = 5_000;
const NO_SCHEMA = 'the registry has no schema ';

/** {@link Codec} over @kafkajs/confluent-schema-registry, which does the HTTP; caching and error classes are ours. */
export class RegistryCodec implements Codec {
  private readonly registry: SchemaRegistry;
  private readonly writerIds = new Map<string, number>();
  private readonly writers = new Map<number, avro.Type>();
  private readonly resolvers = new WeakMap<avro.Type, Map<number, Resolver | null>>();
  private readonly useless = new Map<number, { readonly until: number; readonly error: LedgerwireError }>();

  constructor(
    options: RegistryOptions,
    private readonly clock: Clock,
    private readonly requestTimeoutMs = REQUEST_TIMEOUT_MS,
  ) {
    this.registry = new SchemaRegistry(
      {
        host: options.url,
        clientId: 'ledgerwire',
        retry: { retries: 1 },
        middlewares: [givingUpAfter(requestTimeoutMs)],
        ...(options.username === undefined
          ? {}
          : { auth: { username: options.username, password: options.password ?? '' } }),
      },
      { [SchemaType.AVRO]: learningOptions() },
    );
  }

  async warm(topics: readonly Topic<unknown>[]): Promise<void> {
    for (const topic of topics) {
      if (this.writerIds.has(topic.name)) continue;
      const id = await this.ask(
        () =>
          this.registry.getRegistryIdBySchema(subjectOf(topic), {
            type: SchemaType.AVRO,
            schema: topic.schema.json,
          }),
        `the schema of topic ${topic.name} is not registered; run the setup job of this build`,
        { code: 'schema-not-registered', disposition: 'halt' },
      );
      await this.checkId(topic, id);
      this.writerIds.set(topic.name, id);
      this.writers.set(id, topic.schema.type);
    }
  }

  /**
   * What is written under the id of another schema cannot be read by anybody: seen once, after schemas had been registered side
   * by side. Better not to start than to write it.
   */
  private async checkId({ name, schema }: Topic<unknown>, id: number): Promise<void> {
    const registered = (await this.ask(() => this.registry.getSchema(id), `schema ${id} is gone`, {
      code: 'schema-not-registered',
      disposition: 'halt',
    })) as unknown as avro.Type;
    if (registered.name === schema.name) return;
    throw new LedgerwireError(
      `the registry gives topic ${name} the id ${id}, which is ${registered.name ?? 'unnamed'} and not ${schema.name}`,
      { code: 'schema-id-mismatch', disposition: 'halt' },
    );
  }

  encode<T>(topic: Topic<T>, value: T): Buffer {
    const id = this.writerIds.get(topic.name);
    if (id === undefined) {
      throw new LedgerwireError(`topic ${topic.name} was not warmed`, {
        code: 'codec-not-warmed',
        disposition: 'halt',
      });
    }
    return frame(id, encodeValue(topic.schema, value, WIRE_HEADER_BYTES));
  }

  knows(bytes: Buffer): boolean {
    const id = schemaIdOf(bytes);
    return id !== undefined && this.writers.has(id);
  }

  async learn(bytes: Buffer): Promise<void> {
    const id = schemaIdOf(bytes);
    if (id === undefined) throw undecodable('the record is not framed with a schema id');
    if (this.writers.has(id)) return;
    const known = this.useless.get(id);
    if (known && known.until > this.clock.now()) throw known.error;
    try {
      const details = { code: 'unknown-schema', disposition: 'dead-letter' } as const;
      // The library's type hides that an Avro schema is an avsc type, made with the options above.
      const writer = (await this.ask(() => this.registry.getSchema(id), NO_SCHEMA + id, details)) as object;
      if (!isAvroType(writer)) throw unreadableSchema(details);
      this.writers.set(id, writer);
    } catch (error) {
      if (error instanceof LedgerwireError && error.disposition === 'dead-letter')
        this.useless.set(id, { until: this.clock.now() + USELESS_ID_MS, error });
      throw error;
    }
  }

  decode<T>(schema: SchemaOf<T>, bytes: Buffer): T {
    const id = schemaIdOf(bytes);
    if (id === undefined) throw undecodable('the record is not framed with a schema id');
    const writer = this.writers.get(id);
    if (!writer) throw unknownSchema(id);
    try {
      const resolver = this.resolverOf(schema.type, id, writer);
      return schema.type.fromBuffer(bytes.subarray(WIRE_HEADER_BYTES), resolver ?? undefined) as T;
    } catch (cause) {
      throw undecodable(`the record cannot be read as ${schema.name}`, cause);
    }
  }

  /** How to read what `writer` wrote; null when it is the reader's own schema. Not equality of names: options differ too. */
  private resolverOf(reader: avro.Type, id: number, writer: avro.Type): Resolver | null {
    let known = this.resolvers.get(reader);
    if (!known) {
      known = new Map();
      this.resolvers.set(reader, known);
    }
    let resolver = known.get(id);
    if (resolver === undefined) {
      resolver = writer === reader ? null : reader.createResolver(writer);
      known.set(id, resolver);
    }
    return resolver;
  }

  /**
   * The library reports a refused connection as status 400, so only 404 says anything about the schema, and its own error for
   * what came and cannot be parsed; all else means that the registry cannot be reached.
   */
  private async ask<T>(
    request: () => Promise<T>,
    notFound: string,
    details: { code: string; disposition: 'halt' | 'dead-letter' },
  ): Promise<T> {
    let cancel = (): void => undefined;
    const timeout = new Promise<never>((_resolve, reject) => {
      cancel = this.clock.after(this.requestTimeoutMs, () => reject(new Error('no answer')));
    });
    try {
      return await Promise.race([request(), timeout]);
    } catch (cause) {
      if (isNotFound(cause)) throw new LedgerwireError(notFound, details);
      if (isUnreadable(cause)) throw unreadableSchema(details, cause);
      throw new LedgerwireError('the schema registry cannot be reached', {
        code: 'registry-unreachable',
        disposition: 'retry',
        cause,
      });
    } finally {
      cancel();
    }
  }
}

/**
 * Ends a request that is not answered: the library keeps it for all who ask for the same id, and would never ask again.
 * https://github.com/tulios/mappersmith#timeout
 */
function givingUpAfter(timeout: number): Middleware {
  return () => ({ prepareRequest: async (next) => (await next()).enhance({ timeout }) });
}

/**
 * Without a registry of named types: avsc then makes one for each schema. In a shared one the second version of a type, or a
 * second schema that holds it, would be refused as a duplicate, and records of a rolling upgrade could not be read.
 */
function learningOptions(): ReturnType<typeof avroOptions> {
  const { registry: _ofOneSchema, ...options } = avroOptions();
  return options;
}

function isNotFound(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  if ('status' in error && error.status === 404) return true;
  // getRegistryIdBySchema wraps its 404 in an error of its own, without a status.
  return error.constructor.name === 'ConfluentSchemaRegistryError';
}

/** The schema has come, and is no Avro that this build can parse: it will be the same however often it is asked for. */
function isUnreadable(error: unknown): boolean {
  return error instanceof Error && error.constructor.name === 'ConfluentSchemaRegistryArgumentError';
}

function isAvroType(schema: object): schema is avro.Type {
  return 'fromBuffer' in schema && 'createResolver' in schema;
}

function unreadableSchema(
  { disposition }: { readonly disposition: 'halt' | 'dead-letter' },
  cause?: unknown,
): LedgerwireError {
  const message = 'the registry has a schema of that id which is no Avro that can be parsed';
  return new LedgerwireError(message, { code: 'unreadable-schema', disposition, cause });
}

function undecodable(message: string, cause?: unknown): LedgerwireError {
  return new LedgerwireError(message, { code: 'undecodable', disposition: 'dead-letter', cause });
}

function unknownSchema(id: number): LedgerwireError {
  return new LedgerwireError(NO_SCHEMA + id, {
    code: 'unknown-schema',
    disposition: 'dead-letter',
  });
}
