import type { LoggerService } from '@nestjs/common';
import type { Logger } from './logger.js';

type Level = 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'trace';

/**
 * Lets Nest's own lines go through our log, as `nest.<level>` events with the Nest context. What Nest reports as "log" (each
 * module and route at start) is written as debug: it would drown the service's own lines.
 */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}

  log(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.write('debug', message, rest);
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.write('trace', message, rest);
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.write('warn', message, rest);
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.write('error', message, rest);
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.write('fatal', message, rest);
  }

  /** Nest passes the context last and, for errors, a stack before it. */
  private write(level: Level, message: unknown, rest: readonly unknown[]): void {
    const texts = rest.filter((part) => typeof part === 'string');
    const context = texts.at(-1);
    const stack = texts.find((text) => text.includes('\n    at '));
    const error = [message, ...rest].find((part) => part instanceof Error);
    this.logger[level]({
      event: `nest.${level}`,
      msg: textOf(message),
      ...(context !== undefined && context !== stack ? { context } : {}),
      ...(error === undefined ? {} : { error }),
      ...(error === undefined && stack !== undefined ? { stack } : {}),
    });
  }
}

function textOf(message: unknown): string {
  if (typeof message === 'string') return message;
  if (message instanceof Error) return message.message;
  return JSON.stringify(message) ?? String(message);
}
