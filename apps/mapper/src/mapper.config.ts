import { z } from 'zod';
import { kafkaConfig, registryConfig, stateConfig, variable, wholeNumber } from '#libs/platform';

/** How templates are rendered. */
export const renderingConfig = z.object({
  workers: variable(
    'MAPPER_RENDER_WORKERS',
    'Threads that render templates; one renders tens of thousands of messages a second',
    wholeNumber(1, 16).default(1),
  ),
  deadlineMs: variable(
    'MAPPER_RENDER_DEADLINE_MS',
    'A template that makes no progress for this long is stopped',
    wholeNumber(50, 60_000).default(1_000),
  ),
});

/** Configuration of mapper. */
export const mapperConfig = z.object({
  kafka: kafkaConfig,
  registry: registryConfig,
  state: stateConfig,
  rendering: renderingConfig,
});
