import { type DynamicModule, Global, Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { HealthRegistry } from '../health/health-registry.js';
import { HealthController } from '../health/health.controller.js';
import { MetricsController } from '../metrics/metrics.controller.js';
import { Lifecycle } from './lifecycle.js';
import type { ServiceContext } from './service-context.js';
import { CLOCK, LOGGER, METRICS_REGISTRY, SERVICE_CONFIG } from './tokens.js';

/**
 * What every service gets without asking: `LOGGER`, `METRICS_REGISTRY`, `CLOCK`, `SERVICE_CONFIG`, {@link HealthRegistry},
 * {@link Lifecycle}, and the routes `/health/*` and `/metrics`. `runService` imports it.
 */
@Global()
@Module({})
export class PlatformModule {
  static forContext(context: ServiceContext<unknown>): DynamicModule {
    const providers = [
      { provide: LOGGER, useValue: context.logger },
      { provide: METRICS_REGISTRY, useValue: context.registry },
      { provide: CLOCK, useValue: context.clock },
      { provide: SERVICE_CONFIG, useValue: context.config },
      { provide: HealthRegistry, useValue: context.health },
      { provide: Lifecycle, useValue: context.lifecycle },
    ];
    return {
      module: PlatformModule,
      // Terminus would log each failed probe; the registry's owners log what changes.
      imports: [TerminusModule.forRoot({ logger: false })],
      controllers: [HealthController, MetricsController],
      providers,
      exports: providers.map(({ provide }) => provide),
    };
  }
}
