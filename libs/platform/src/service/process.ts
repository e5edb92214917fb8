import type { ConfigSchema } from '../config/variables.js';
import { ConfigError } from '../config/config-error.js';
import { createLogger, type Logger } from '../logging/logger.js';
import { type RunningService, type ServiceDefinition, startService } from './run-service.js';

/**
 * Runs a service as this process: all that `main.ts` does. SIGTERM and SIGINT shut it down in order (exit code 0, or 1 when
 * something was not finished in time); a second one ends it at once. What nobody caught, an unhandled rejection,
 * `Lifecycle.halt` and a failed start are logged as fatal and end the process with exit code 1, undrained: state after such
 * an error is not to be trusted, and everything that counts is in the log of Kafka.
 */
export async function runService<S extends ConfigSchema>(definition: ServiceDefinition<S>): Promise<void> {
  // Until the configuration is read; and for errors of reading it.
  let logger = createLogger({ service: definition.name, instance: `pid-${process.pid}`, level: 'info' });
  const die = (event: string, error: unknown): never => endWithError(logger, event, error);
  process.on('uncaughtException', (error) => die('service.crashed', error));
  process.on('unhandledRejection', (error) => die('service.crashed', error));
  const starting = startService(definition, { onHalt: (error) => die('service.halted', error) });
  stopOnSignals(starting);
  try {
    ({ logger } = (await starting).context);
  } catch (error) {
    die('service.start-failed', error);
  }
}

function stopOnSignals(starting: Promise<RunningService<unknown>>): void {
  let asked = false;
  const stop = (signal: string): void => {
    if (asked) process.exit(1);
    asked = true;
    void stopAndExit(starting, signal);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

async function stopAndExit(starting: Promise<RunningService<unknown>>, signal: string): Promise<void> {
  // A failed start ends the process by itself.
  const service = await starting.catch(() => undefined);
  if (!service) return;
  const clean = await service.stop(signal);
  service.context.logger.flush();
  process.exit(clean ? 0 : 1);
}

function endWithError(logger: Logger, event: string, error: unknown): never {
  if (error instanceof ConfigError) logger.fatal({ event: 'config.invalid', problems: error.problems });
  else logger.fatal({ event, error });
  logger.flush();
  process.exit(1);
}
