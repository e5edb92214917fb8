import {
  destination,
  type DestinationStream,
  type Level,
  type LevelWithSilent,
  pino,
  stdTimeFunctions,
} from 'pino';
import { currentTrace } from '../trace/trace-scope.js';
import { Scrubber } from './scrubber.js';
import { serializeError } from './serialize-error.js';

/** Fields of one line. `event` names what happened, in dotted lower case, e.g. `webhook.accepted`. */
export interface LogFields {
  readonly event: string;
  /** What went wrong; written with its causes, without clients' extra properties. */
  readonly error?: unknown;
  readonly [field: string]: unknown;
}

/** The log. One wide line per unit of work: ids, vendor, topic, outcome, duration; never payloads or people. */
export interface Logger {
  trace(fields: LogFields): void;
  debug(fields: LogFields): void;
  info(fields: LogFields): void;
  warn(fields: LogFields): void;
  error(fields: LogFields): void;
  fatal(fields: LogFields): void;
  /** A logger that adds the fields to each of its lines. */
  child(fields: Readonly<Record<string, unknown>>): Logger;
  /** Whether a line of this level would be written; ask before building costly fields. */
  isLevelEnabled(level: Level): boolean;
  /** Hands buffered lines to the operating system, synchronously. */
  flush(): void;
}

/** How a logger is made. */
export interface LoggerOptions {
  readonly service: string;
  readonly instance: string;
  readonly level: LevelWithSilent;
  /** Where lines go; standard output, synchronously, when not given. */
  readonly destination?: DestinationStream;
  /** Shared with whoever registers secrets. */
  readonly scrubber?: Scrubber;
}

/** Fields that are taken out by name before a line is even built; the scrubber looks at values afterwards. */
const REDACTED_PATHS = [
  'authorization',
  'cookie',
  'password',
  'token',
  'accessToken',
  'refreshToken',
  'clientSecret',
  'headers.authorization',
  'headers.cookie',
  'headers["set-cookie"]',
];

/**
 * A logger that writes JSON lines: `level` (a word), `time` (ISO 8601, UTC), `service`, `instance`, `traceId` inside a trace,
 * and the given fields. Every line passes the scrubber.
 */
export function createLogger(options: LoggerOptions): Logger {
  const scrubber = options.scrubber ?? new Scrubber();
  return pino(
    {
      level: options.level,
      base: { service: options.service, instance: options.instance },
      timestamp: stdTimeFunctions.isoTime,
      errorKey: 'error',
      serializers: { error: serializeError, err: serializeError },
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: REDACTED_PATHS, censor: '[secret]' },
      mixin: traceFields,
      hooks: { streamWrite: (line) => scrubber.scrub(line) },
    },
    options.destination ?? destination({ dest: 1, sync: true }),
  );
}

/** A new object each time: pino writes the line's fields into it. */
function traceFields(): object {
  const trace = currentTrace();
  return trace === undefined ? {} : { traceId: trace.traceId };
}

/** For tests and tools that do not care: writes nothing. */
export const silentLogger: Logger = createLogger({ service: 'none', instance: 'none', level: 'silent' });
