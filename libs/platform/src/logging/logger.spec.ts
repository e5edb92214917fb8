import { describe, expect, it } from 'vitest';
import { LedgerwireError } from '#libs/core';
import { startTrace } from '../trace/trace-context.js';
import { runInTrace } from '../trace/trace-scope.js';
import { createLogger, type Logger, type LoggerOptions } from './logger.js';
import { NestLogger } from './nest-logger.js';
import { Scrubber } from './scrubber.js';

interface Recorder {
  readonly logger: Logger;
  readonly text: () => string;
  readonly last: () => Record<string, unknown>;
}

function record(options: Partial<LoggerOptions> = {}): Recorder {
  const lines: string[] = [];
  const logger = createLogger({
    service: 'test',
    instance: 'test-1',
    level: 'debug',
    destination: { write: (line) => void lines.push(line) },
    ...options,
  });
  return {
    logger,
    text: () => lines.join(''),
    last: () => JSON.parse(lines.at(-1) ?? 'null') as Record<string, unknown>,
  };
}

describe('a logger', () => {
  it('writes one JSON line with level, time, service, instance and the event', () => {
    const { logger, last } = record();
    logger.info({ event: 'webhook.accepted', events: 2 });
    expect(last()).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      service: 'test',
      instance: 'test-1',
      event: 'webhook.accepted',
      events: 2,
    });
  });

  it('carries the trace id of the work that is running, and only then', () => {
    const { logger, last } = record();
    const trace = startTrace();
    runInTrace(trace, () => logger.child({ topic: 'records' }).info({ event: 'a' }));
    expect(last()).toMatchObject({ traceId: trace.traceId, topic: 'records' });
    logger.info({ event: 'b' });
    expect(last()).not.toHaveProperty('traceId');
  });

  it('carries nothing over from one line to the next', () => {
    const { logger, last } = record();
    logger.info({ event: 'a', offset: 1 });
    logger.info({ event: 'b' });
    expect(last()).not.toHaveProperty('offset');
  });

  it('leaves out what is below its level and says so beforehand', () => {
    const { logger, text } = record({ level: 'warn' });
    logger.info({ event: 'a' });
    expect(text()).toBe('');
    expect(logger.isLevelEnabled('info')).toBe(false);
    expect(logger.isLevelEnabled('error')).toBe(true);
  });

  it('writes errors with their causes but without what clients hang on them', () => {
    const { logger, last, text } = record();
    const cause = Object.assign(new Error('socket hang up'), {
      code: 'ECONNRESET',
      config: { data: 'payload-7' },
    });
    const error = new LedgerwireError('Twilio did not answer', {
      code: 'vendor-unreachable',
      disposition: 'retry',
      vendor: 'twilio',
      cause,
    });
    logger.error({ event: 'sms.failed', error });
    expect(last()['error']).toMatchObject({
      type: 'LedgerwireError',
      code: 'vendor-unreachable',
      disposition: 'retry',
      vendor: 'twilio',
      stack: expect.stringContaining('logger.spec'),
      cause: { type: 'Error', code: 'ECONNRESET', message: 'socket hang up' },
    });
    expect(text()).not.toContain('payload-7');
  });

  it('survives a cause that points back at itself, and things thrown that are no errors', () => {
    const { logger, last } = record();
    const circle = new Error('round');
    circle.cause = circle;
    logger.error({ event: 'a', error: circle });
    expect(last()).toHaveProperty('error.message', 'round');
    logger.error({ event: 'b', error: { password: 'hidden-9' } });
    expect(last()).toHaveProperty('error.message', expect.stringContaining('no Error was thrown'));
  });

  it('takes out secrets by field name, at the top and in headers', () => {
    const { logger, text } = record();
    logger.info({
      event: 'a',
      accessToken: 'plain-text-1',
      authorization: { scheme: 'plain-text-2' },
      headers: { authorization: 'plain-text-3', cookie: ['plain-text-4'] },
      deep: { er: { clientSecret: 'plain-text-5' } },
    });
    expect(text()).not.toContain('plain-text');
  });

  it('takes out registered secrets, phones and addresses wherever they are, stacks included', () => {
    const scrubber = new Scrubber();
    scrubber.register('planted-secret-value');
    const { logger, text, last } = record({ scrubber });
    const error = new Error('no route to +447700900123 with planted-secret-value', {
      cause: new Error('https://ann:pw@api.example.com/v1?api_key=abcdef&x=1 for ann@example.com'),
    });
    logger
      .child({ owner: 'ann@example.com' })
      .error({ event: 'a', error, map: { to: ['+1 (415) 555-0100'] } });
    expect(text()).not.toMatch(/447700900123|planted-secret-value|ann@|:pw@|abcdef|555-0100/);
    expect(last()).toHaveProperty(
      'error.cause.message',
      'https://[secret]@api.example.com/v1?api_key=[secret]&x=1 for [email]',
    );
  });
});

describe("Nest's lines", () => {
  it('become events with their context, and routine ones are debug', () => {
    const { logger, last } = record();
    new NestLogger(logger).log('Mapped {/x, GET} route', 'RouterExplorer');
    expect(last()).toMatchObject({
      level: 'debug',
      event: 'nest.debug',
      msg: 'Mapped {/x, GET} route',
      context: 'RouterExplorer',
    });
  });

  it('keep an error, or the stack that Nest hands over in its place', () => {
    const { logger, last } = record();
    const nest = new NestLogger(logger);
    nest.error(new TypeError('broken'), undefined, 'ExceptionsHandler');
    expect(last()).toMatchObject({
      level: 'error',
      context: 'ExceptionsHandler',
      error: { type: 'TypeError' },
    });
    nest.error('broken', 'Error: broken\n    at x (y.js:1:1)', 'ExceptionsHandler');
    expect(last()).toMatchObject({ stack: expect.stringContaining('at x'), context: 'ExceptionsHandler' });
    nest.warn({ odd: 1 });
    expect(last()).toMatchObject({ level: 'warn', msg: '{"odd":1}' });
  });
});
