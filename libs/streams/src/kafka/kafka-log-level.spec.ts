import { createRequire } from 'node:module';
import { type LogEntry, logLevel } from 'kafkajs';
import { expect, test } from 'vitest';
import { levelOf } from './kafka-log-level.js';

const { createErrorFromCode } = createRequire(import.meta.url)('kafkajs/src/protocol/error') as {
  createErrorFromCode: (code: number) => Error;
};

const CONCURRENT_TRANSACTIONS = 51;
const NOT_COORDINATOR = 16;
const PRODUCER_FENCED = 90;
const TOPIC_AUTHORIZATION_FAILED = 29;

/** As `processResponse` of kafkajs/src/network/connection.js logs a refusing answer. */
function answer(code: number, level = logLevel.ERROR, namespace = 'Connection'): LogEntry {
  const message = 'Response InitProducerId(key: 22, version: 1)';
  const log = { timestamp: '', message, error: createErrorFromCode(code).message };
  return { namespace, level, label: '', log };
}

test.each([CONCURRENT_TRANSACTIONS, NOT_COORDINATOR])(
  'an answer that is meant to be repeated (%i) is for debugging only',
  (code) => {
    expect(levelOf(answer(code))).toBe('debug');
  },
);

test.each([PRODUCER_FENCED, TOPIC_AUTHORIZATION_FAILED])(
  'an answer that is final (%i) is an error',
  (code) => {
    expect(levelOf(answer(code))).toBe('error');
  },
);

test('what is no answer of a broker keeps its level', () => {
  expect(levelOf(answer(CONCURRENT_TRANSACTIONS, logLevel.ERROR, 'Producer'))).toBe('error');
  expect(levelOf(answer(CONCURRENT_TRANSACTIONS, logLevel.WARN))).toBe('warn');
});
