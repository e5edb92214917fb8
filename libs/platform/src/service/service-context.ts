import type { Registry } from 'prom-client';
import type { Clock } from '#libs/core';
import type { HealthRegistry } from '../health/health-registry.js';
import type { Logger } from '../logging/logger.js';
import type { Scrubber } from '../logging/scrubber.js';
import type { Lifecycle } from './lifecycle.js';

/** What a service is built from; its module gets it and hands on what each part needs. */
export interface ServiceContext<Config> {
  /** Name of the service, e.g. `fetcher`. */
  readonly name: string;
  /** Name of this process among those of the service. */
  readonly instance: string;
  readonly config: Config;
  readonly logger: Logger;
  readonly registry: Registry;
  readonly health: HealthRegistry;
  readonly lifecycle: Lifecycle;
  readonly clock: Clock;
  /** For secrets that are not in the configuration. */
  readonly scrubber: Scrubber;
}
