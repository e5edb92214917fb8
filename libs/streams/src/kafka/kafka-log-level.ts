import { type LogEntry, logLevel } from 'kafkajs';
import { brokerErrors } from './kafkajs-internals.js';

/** How loudly a line of kafkajs is passed on. */
export type KafkaLogLevel = 'error' | 'warn' | 'debug';

const retriedAnswers: ReadonlySet<unknown> = new Set(
  brokerErrors.filter(({ retriable }) => retriable).map(({ message }) => message),
);

/**
 * kafkajs logs every refusing answer of a broker as an error, before whoever asked repeats the request: a coordinator that
 * still writes the last transaction's markers (CONCURRENT_TRANSACTIONS), one that has just moved. Those that are meant to be
 * repeated are noise; when they do not stop, what asked fails and says so itself. The entry holds nothing of the error but
 * kafkajs's own text for it.
 */
export function levelOf({ level, namespace, log }: LogEntry): KafkaLogLevel {
  if (level !== logLevel.ERROR) return 'warn';
  return namespace === 'Connection' && retriedAnswers.has(log['error']) ? 'debug' : 'error';
}
