import { type ArgumentsHost, NotFoundException } from '@nestjs/common';
import { beforeEach, expect, test } from 'vitest';
import type { Logger } from '#libs/platform';
import { ApiErrorFilter } from './api-error.filter.js';

/** The lines that were written, as text. */
let logged: string[];
let answer: { status: number; body: unknown };
let handle: ApiErrorFilter['catch'];

beforeEach(() => {
  logged = [];
  const logger = {
    warn: (line: object) => void logged.push(`warn ${JSON.stringify(line)}`),
    error: () => void logged.push('error'),
  } as unknown as Logger;
  const filter = new ApiErrorFilter(logger);
  handle = filter.catch.bind(filter);
});

function answerTo(error: unknown): { status: number; body: unknown } {
  const reply = {
    code: (status: number) => ({ send: (body: unknown) => void (answer = { status, body }) }),
  };
  const host = { switchToHttp: () => ({ getResponse: () => reply }) } as unknown as ArgumentsHost;
  handle(error, host);
  return answer;
}

/** As node-postgres throws it; https://www.postgresql.org/docs/current/errcodes-appendix.html */
function databaseError(code: string): Error {
  return Object.assign(new Error('secret words of the database'), { code });
}

test('an id that the database refuses to look for is the mistake of whoever asks', () => {
  const { status, body } = answerTo(databaseError('22021'));
  expect(status).toBe(400);
  expect(JSON.stringify(body)).not.toContain('secret');
  expect(logged).toEqual(['warn {"event":"api.value-refused","code":"22021"}']);
});

test('a database that is away may be asked again', () => {
  const { status, body } = answerTo(databaseError('57P01'));
  expect(status).toBe(503);
  expect(JSON.stringify(body)).not.toContain('secret');
  expect(logged).toEqual(['error']);
});

test('a row that contradicts another one is no mistake of whoever asks', () => {
  expect(answerTo(databaseError('23505')).status).toBe(503);
  expect(logged).toEqual(['error']);
});

test('an answer of ours is sent as it is, and a mistake of ours is logged and named none', () => {
  expect(answerTo(new NotFoundException({ message: 'There is no such trace.' })).status).toBe(404);
  expect(answerTo(new TypeError('secret words')).status).toBe(500);
  expect(JSON.stringify(answer.body)).not.toContain('secret');
});
