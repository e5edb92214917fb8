import { ConfigError } from '../config/config-error.js';
import type { ConfigSchema } from '../config/variables.js';
import { createLogger, type Logger } from '../logging/logger.js';
import {
  type RunningService,
  type ServiceDefinition,
  type ServiceSurroundings,
  startService,
} from './run-service.js';

/** What {@link runService} needs of the process; Node's own `process` unless a test puts another in its place. */
export interface ProcessHost {
  on(event: 'uncaughtException' | 'unhandledRejection', listener: (error: unknown) => void): unknown;
  on(event: 'SIGTERM' | 'SIGINT', listener: (signal: string) => void): unknown;
  exit(code: number): unknown;
}

/**
 * Runs a service as this process: all that `main.ts` does. SIGTERM and SIGINT shut it down in order (exit code 0, or 1 when
 * something was not finished in time); a second one ends it at once. What nobody caught, an unhandled rejection,
 * `Lifecycle.halt` and a failed start are logged as fatal and end the process with exit code 1, undrained: state after such
 * an error is not to be trusted, and everything that counts is in the log of Kafka.
 */
export async function runService<S extends ConfigSchema>(
  definition: ServiceDefinition<S>,
  host: ProcessHost = process,
  surroundings: Omit<ServiceSurroundings, 'onHalt'> = {},
): Promise<void> {
  // For what happens before the configuration says how to log.
  let logger = createLogger({
    service: definition.name,
    instance: `pid-${process.pid}`,
    level: 'info',
    ...(surroundings.logDestination ? { destination: surroundings.logDestination } : {}),
  });
  const die = (event: string, error: unknown): void => {
    writeFatal(logger, event, error);
    host.exit(1);
  };
  host.on('uncaughtException', (error) => die('service.crashed', error));
  host.on('unhandledRejection', (error) => die('service.crashed', error));
  const starting = startService(
    {
      ...definition,
      module: (context) => {
        ({ logger } = context);
        return definition.module(context);
      },
    },
    { ...surroundings, onHalt: (error) => die('service.halted', error) },
  );
  stopOnSignals(host, starting);
  try {
    await starting;
  } catch (error) {
    die('service.start-failed', error);
  }
}

function stopOnSignals(host: ProcessHost, starting: Promise<RunningService<unknown>>): void {
  let asked = false;
  const stop = (signal: string): void => {
    if (asked) host.exit(1);
    else void stopAndExit(host, starting, signal);
    asked = true;
  };
  host.on('SIGTERM', stop);
  host.on('SIGINT', stop);
}

async function stopAndExit(
  host: ProcessHost,
  starting: Promise<RunningService<unknown>>,
  signal: string,
): Promise<void> {
  // A failed start ends the process by itself.
  const service = await starting.catch(() => undefined);
  if (!service) return;
  const clean = await service.stop(signal);
  service.context.logger.flush();
  host.exit(clean ? 0 : 1);
}

function writeFatal(logger: Logger, event: string, error: unknown): void {
  if (error instanceof ConfigError) logger.fatal({ event: 'config.invalid', problems: error.problems });
  else logger.fatal({ event, error });
  logger.flush();
}
