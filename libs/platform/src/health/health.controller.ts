import { Controller, Get, Inject } from '@nestjs/common';
import { HealthCheckService, type HealthCheckResult } from '@nestjs/terminus';
import { Lifecycle } from '../service/lifecycle.js';
import { HealthRegistry, type HealthResult } from './health-registry.js';

/** The three probes of Kubernetes: 200 when up, 503 with the reasons when not. */
@Controller('health')
export class HealthController {
  constructor(
    @Inject(HealthCheckService) private readonly terminus: HealthCheckService,
    @Inject(HealthRegistry) private readonly registry: HealthRegistry,
    @Inject(Lifecycle) private readonly lifecycle: Lifecycle,
  ) {}

  /** Down only when a restart is what helps. */
  @Get('live')
  async live(): Promise<HealthCheckResult> {
    return this.answer(await this.registry.check('live'));
  }

  /** Down while starting or stopping, or while a part that requests need is down. */
  @Get('ready')
  async ready(): Promise<HealthCheckResult> {
    const { state } = this.lifecycle;
    const service: HealthResult = { name: 'service', up: state === 'running', details: { state } };
    return this.answer([service, ...(await this.registry.check('ready'))]);
  }

  /** Down until the service has started once; then up for good, so that Kubernetes goes over to the other two. */
  @Get('startup')
  async startup(): Promise<HealthCheckResult> {
    const { state } = this.lifecycle;
    return this.answer([{ name: 'service', up: state !== 'starting', details: { state } }]);
  }

  private answer(results: readonly HealthResult[]): Promise<HealthCheckResult> {
    return this.terminus.check(
      results.map(({ name, up, details }) => () => ({
        [name]: { ...details, status: up ? ('up' as const) : ('down' as const) },
      })),
    );
  }
}
