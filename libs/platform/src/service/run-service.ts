import { hostname } from 'node:os';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { DynamicModule, Type } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { CustomTransportStrategy } from '@nestjs/microservices';
import type { FastifyHttpOptions } from 'fastify';
import type { DestinationStream } from 'pino';
import { Registry } from 'prom-client';
import type { z } from 'zod';
import { type Clock, systemClock } from '#libs/core';
import { summarizeConfig } from '../config/describe-config.js';
import { type Environment, loadConfig } from '../config/load-config.js';
import { httpConfig, logConfig } from '../config/slices.js';
import type { ConfigSchema } from '../config/variables.js';
import { HealthRegistry } from '../health/health-registry.js';
import { createLogger } from '../logging/logger.js';
import { Scrubber } from '../logging/scrubber.js';
import { collectProcessMetrics } from '../metrics/process.metrics.js';
import { createHttpApp } from './http-app.js';
import { Lifecycle, type ShutdownLimits } from './lifecycle.js';
import type { ServiceContext } from './service-context.js';

/** The slices that every service has besides its own. */
export interface PlatformConfig {
  readonly http: z.output<typeof httpConfig>;
  readonly log: z.output<typeof logConfig>;
}

/** The configuration of a service with the schema `S`. */
export type ServiceConfig<S extends ConfigSchema> = z.output<S> & PlatformConfig;

/** What `main.ts` says about its service. */
export interface ServiceDefinition<S extends ConfigSchema> {
  /** As in `apps/<name>`. */
  readonly name: string;
  /** The service's own slices; `http` and `log` come by themselves. */
  readonly config: S;
  readonly module: (context: ServiceContext<ServiceConfig<S>>) => Type | DynamicModule;
  /**
   * Transport strategies of the streams runtime; started after HTTP listens, so that probes answer while they restore. Their
   * `close()` is called when draining, and once more by Nest: it must bear that.
   */
  readonly strategies?: (
    app: NestFastifyApplication,
    context: ServiceContext<ServiceConfig<S>>,
  ) => readonly CustomTransportStrategy[];
  /** Called between creating and starting the application, e.g. for plain Fastify routes and plug-ins. */
  readonly prepare?: (
    app: NestFastifyApplication,
    context: ServiceContext<ServiceConfig<S>>,
  ) => Promise<void> | void;
  /** Fastify options that differ from the usual. */
  readonly server?: (config: ServiceConfig<S>) => Partial<FastifyHttpOptions<Server>>;
  /** Whether HTTP requests run in a trace; true unless the service's routes begin traces themselves. */
  readonly traceRequests?: boolean;
  readonly shutdown?: ShutdownLimits;
}

/** What a test puts in the place of the process's surroundings. */
export interface ServiceSurroundings {
  readonly environment?: Environment;
  readonly clock?: Clock;
  readonly logDestination?: DestinationStream;
  /** What `Lifecycle.halt` does; ending the process is left to {@link runService}. */
  readonly onHalt?: (error: unknown) => void;
}

/** A service that listens. */
export interface RunningService<Config> {
  readonly app: NestFastifyApplication;
  readonly context: ServiceContext<Config>;
  /** `http://host:port` as it can be reached from this machine. */
  readonly url: string;
  /** Shuts down in order. False when something was not finished in time. */
  stop(reason: string): Promise<boolean>;
}

/** The service's schema with the slices that every service has: what its README documents. */
export function serviceSchema(schema: ConfigSchema): ConfigSchema {
  return schema.safeExtend({ http: httpConfig, log: logConfig });
}

/**
 * Starts a service in this process and leaves signals and the process's end to the caller.
 * @throws ConfigError when the environment does not fit; whatever the module, the port or a strategy throws otherwise.
 */
export async function startService<S extends ConfigSchema>(
  definition: ServiceDefinition<S>,
  surroundings: ServiceSurroundings = {},
): Promise<RunningService<ServiceConfig<S>>> {
  const context = createContext(definition, surroundings);
  const { config, lifecycle, logger } = context;
  try {
    const app = await createHttpApp(definition.module(context), context, {
      bodyLimitBytes: config.http.bodyLimitBytes,
      server: definition.server?.(config) ?? {},
      traceRequests: definition.traceRequests ?? true,
    });
    await definition.prepare?.(app, context);
    const strategies = definition.strategies?.(app, context) ?? [];
    for (const strategy of strategies) {
      app.connectMicroservice({ strategy });
      lifecycle.onShutdown('drain', 'strategy', () => strategy.close());
    }
    await app.listen(config.http.port, config.http.host);
    if (strategies.length > 0) await app.startAllMicroservices();
    lifecycle.started();
    const url = urlOf(app, config.http.host);
    logger.info({ event: 'service.started', url, startMs: Math.round(process.uptime() * 1_000) });
    return { app, context, url, stop: (reason) => lifecycle.shutdown(reason) };
  } catch (error) {
    await lifecycle.shutdown('start failed');
    throw error;
  }
}

function createContext<S extends ConfigSchema>(
  definition: ServiceDefinition<S>,
  surroundings: ServiceSurroundings,
): ServiceContext<ServiceConfig<S>> {
  const schema = serviceSchema(definition.config);
  const { config: loaded, secretValues } = loadConfig(schema, surroundings.environment);
  // The schema was extended by exactly these slices; zod cannot follow that through a type parameter.
  const config = loaded as unknown as ServiceConfig<S>;
  const scrubber = new Scrubber();
  for (const secret of secretValues) scrubber.register(secret);
  const instance = config.log.instance ?? hostname();
  const logger = createLogger({
    service: definition.name,
    instance,
    level: config.log.level,
    scrubber,
    ...(surroundings.logDestination ? { destination: surroundings.logDestination } : {}),
  });
  const clock = surroundings.clock ?? systemClock;
  const registry = new Registry();
  collectProcessMetrics(registry);
  const onHalt = surroundings.onHalt ?? (() => undefined);
  const lifecycle = new Lifecycle(logger, clock, onHalt, definition.shutdown);
  logger.info({ event: 'config.loaded', config: summarizeConfig(schema, loaded) });
  const health = new HealthRegistry(clock);
  return { name: definition.name, instance, config, logger, registry, health, lifecycle, clock, scrubber };
}

function urlOf(app: NestFastifyApplication, host: string): string {
  const { port } = app.getHttpServer().address() as AddressInfo;
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}
