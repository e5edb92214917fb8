import { Registry } from 'prom-client';
import { vi } from 'vitest';
import type { DynamicModule } from '@nestjs/common';
import { systemClock } from '#libs/core';
import { type Topic, topics } from '#libs/contracts';
import {
  type ConfigSchema,
  HealthRegistry,
  Lifecycle,
  loadConfig,
  Scrubber,
  serviceSchema,
  type ServiceContext,
  type ServiceDefinition,
  silentLogger,
} from '#libs/platform';
import { StreamsModule, type StreamsModuleOptions } from '#libs/streams';
import { vendors } from '#libs/vendors';
import { consoleService } from '../../apps/console/src/console.service.ts';
import { fetcherService } from '../../apps/fetcher/src/fetcher.service.ts';
import { ingressService } from '../../apps/ingress/src/ingress.service.ts';
import { mapperService } from '../../apps/mapper/src/mapper.service.ts';
import { sandboxService } from '../../apps/sandbox/src/sandbox.service.ts';
import { setupConfig } from '../../apps/setup/src/setup.config.ts';
import { tokenBrokerService } from '../../apps/token-broker/src/token-broker.service.ts';
import { twilioSenderService } from '../../apps/twilio-sender/src/twilio-sender.service.ts';
import {
  HANDLER_PATTERN,
  type HandlerPattern,
  PIPELINE_OPTIONS,
  type PipelineOptions,
} from '../../libs/streams/src/api/decorators.ts';

/** In the place of a vendor's id in names that there are once per vendor. */
export const VENDOR = '{vendor}';

/** What a service says of itself in code, with {@link VENDOR} for each vendor. */
export interface ServiceFacts {
  /** Topics whose records it handles, as its pipelines declare. */
  readonly consumes: readonly string[];
  /** Topics that it holds as a table. */
  readonly tables: readonly string[];
  /** Topics that it writes: outputs of its pipelines and of its producer; state topics apart. */
  readonly produces: readonly string[];
  /** State stores of its pipelines, without those that the runtime keeps for everybody. */
  readonly stores: readonly string[];
  /** Whether it has tasks, and with them a consumer group, transactions, and the stores of the runtime. */
  readonly hasTasks: boolean;
}

/** Ids of the vendors whose books are read: each has a fetcher and topics of its own. */
export const sourceVendors: readonly string[] = vendors.all
  .filter(({ source }) => source !== undefined)
  .map(({ manifest }) => manifest.id);

/** Everything that a process of ours can be configured by, by app. */
export const configurations: Readonly<Record<string, ConfigSchema>> = {
  console: serviceSchema(consoleService.config),
  fetcher: serviceSchema(fetcherService.config),
  ingress: serviceSchema(ingressService.config),
  mapper: serviceSchema(mapperService.config),
  sandbox: serviceSchema(sandboxService.config),
  setup: setupConfig,
  'token-broker': serviceSchema(tokenBrokerService.config),
  'twilio-sender': serviceSchema(twilioSenderService.config),
};

/** Enough for every service to be put together; nothing is connected. */
const ENVIRONMENT = {
  PORT: '0',
  PUBLIC_BASE_URL: 'https://service.example',
  KAFKA_BROKERS: 'broker.example:9092',
  SCHEMA_REGISTRY_URL: 'http://registry.example',
  DATABASE_URL: 'postgres://nobody@database.example/none',
  TOKEN_BROKER_URL: 'http://token-broker.example',
  LEDGERWIRE_SERVICE_TOKEN: 'token-of-a-service',
  LEDGERWIRE_SERVICE_TOKENS: '{}',
  LEDGERWIRE_OPERATOR_TOKEN: 'token-of-operators',
  LEDGERWIRE_MASTER_KEYS: `one:${Buffer.alloc(32, 1).toString('base64')}`,
  CONSOLE_TOKEN: 'token-of-operators',
  FETCHER_VENDOR: sourceVendors[0] ?? '',
};

/** The services that move records, by app. */
export function serviceFacts(): Readonly<Record<string, ServiceFacts>> {
  return {
    console: factsOf(consoleService),
    fetcher: factsOf(fetcherService),
    ingress: factsOf(ingressService),
    mapper: factsOf(mapperService),
    'token-broker': factsOf(tokenBrokerService),
    'twilio-sender': factsOf(twilioSenderService),
  };
}

/** Puts a service together as at its start, and looks at what it asks of the streams runtime. */
function factsOf<S extends ConfigSchema>(service: ServiceDefinition<S>): ServiceFacts {
  const asked: StreamsModuleOptions[] = [];
  const spy = vi.spyOn(StreamsModule, 'forService').mockImplementation((_context, options): DynamicModule => {
    asked.push(options);
    return { module: StreamsModule };
  });
  try {
    service.module(contextOf(service));
  } finally {
    spy.mockRestore();
  }
  const pipelines = asked.flatMap((options) => options.pipelines ?? []);
  const consumed = pipelines.flatMap(consumedBy);
  const declared = pipelines.map(
    (pipeline) => Reflect.getMetadata(PIPELINE_OPTIONS, pipeline) as PipelineOptions,
  );
  const always = pipelines.length > 0 ? [topics.outcomes, topics.deadLetters] : [];
  const outputs = declared.flatMap(({ outputs: list = [] }) => list);
  const produced = asked.flatMap((options) => options.produces ?? []);
  return {
    consumes: namesOf(consumed),
    tables: namesOf(asked.flatMap((options) => options.tables ?? [])),
    produces: namesOf([...outputs, ...produced, ...always]),
    stores: declared.flatMap(({ stores = {} }) => Object.values(stores).map(({ name }) => name)).sort(),
    hasTasks: pipelines.length > 0,
  };
}

/** The topics of the handlers of a pipeline class. */
function consumedBy(pipeline: abstract new (...parameters: never[]) => object): Topic<unknown>[] {
  const prototype = pipeline.prototype as Record<string, unknown>;
  return Object.getOwnPropertyNames(prototype).flatMap((name) => {
    const method = prototype[name];
    if (typeof method !== 'function') return [];
    const pattern = Reflect.getMetadata(HANDLER_PATTERN, method) as HandlerPattern | undefined;
    return pattern !== undefined && 'topic' in pattern ? [pattern.topic] : [];
  });
}

function contextOf<S extends ConfigSchema>(
  service: ServiceDefinition<S>,
): Parameters<ServiceDefinition<S>['module']>[0] {
  const schema = serviceSchema(service.config);
  const context: ServiceContext<unknown> = {
    name: service.name,
    instance: 'facts',
    config: loadConfig(schema, ENVIRONMENT).config,
    logger: silentLogger,
    registry: new Registry(),
    health: new HealthRegistry(systemClock),
    lifecycle: new Lifecycle(silentLogger, systemClock, () => undefined),
    clock: systemClock,
    scrubber: new Scrubber(),
  };
  // The schema is the service's own with the platform's slices; zod cannot follow that through a type parameter.
  return context as Parameters<ServiceDefinition<S>['module']>[0];
}

/** Sorted, each once, with the vendor's part of a name as {@link VENDOR}. */
function namesOf(list: readonly Topic<unknown>[]): string[] {
  return [...new Set(list.map(({ name }) => withoutVendor(name)))].sort();
}

/** `change-notices.xero` and the placeholder `change-notices.*` → `change-notices.{vendor}`; as for `contact-wishes`. */
export function withoutVendor(name: string): string {
  const [prefix = '', ...rest] = name.split('.');
  if (prefix === 'change-notices' || prefix === 'contact-wishes') return `${prefix}.${VENDOR}`;
  const vendor = sourceVendors.find((id) => prefix === `fetcher-${id}`);
  return vendor === undefined ? name : [`fetcher-${VENDOR}`, ...rest].join('.');
}
