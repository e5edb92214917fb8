import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { Body, Controller, Get, Inject, Module, Param, Post } from '@nestjs/common';
import type { CustomTransportStrategy } from '@nestjs/microservices';
import { request } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ConfigError } from '../config/config-error.js';
import type { Secret } from '../config/secret.js';
import { kafkaConfig, tokenBrokerClientConfig } from '../config/slices.js';
import { HealthRegistry } from '../health/health-registry.js';
import type { Logger } from '../logging/logger.js';
import { currentTrace } from '../trace/trace-scope.js';
import { RawBody } from './body-parsers.js';
import { type RunningService, type ServiceDefinition, startService } from './run-service.js';
import { LOGGER, SERVICE_CONFIG } from './tokens.js';

const TOKEN = 'planted-service-token-31415';
const PHONE = '+447700900123';
const EMAIL = 'ann@example.com';
const BODY_LIMIT_BYTES = 2_048;

const environment = {
  PORT: '0',
  LOG_LEVEL: 'trace',
  INSTANCE: 'test-1',
  HTTP_BODY_LIMIT_BYTES: String(BODY_LIMIT_BYTES),
  KAFKA_BROKERS: '127.0.0.1:1',
  TOKEN_BROKER_URL: 'http://127.0.0.1:1',
  LEDGERWIRE_SERVICE_TOKEN: TOKEN,
};

const schema = z.object({ kafka: kafkaConfig, tokenBroker: tokenBrokerClientConfig });

/** Holds requests to `/slow` until it is told to let them go. */
const gate = { arrived: Promise.withResolvers<void>(), open: Promise.withResolvers<void>() };

@Controller()
class EchoController {
  constructor(
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(SERVICE_CONFIG) private readonly config: { tokenBroker: { serviceToken: Secret } },
  ) {}

  @Post('raw')
  @RawBody()
  raw(@Body() body: Buffer): unknown {
    return { buffer: Buffer.isBuffer(body), hex: Buffer.isBuffer(body) ? body.toString('hex') : null };
  }

  @Post('parsed')
  parsed(@Body() body: unknown): unknown {
    return { body, traceId: currentTrace()?.traceId };
  }

  @Get('things/:id')
  thing(@Param('id') id: string): { length: number } {
    return { length: id.length };
  }

  @Get('leak')
  leak(): never {
    const token = this.config.tokenBroker.serviceToken.reveal();
    this.logger.info({
      event: 'test.leak',
      phone: PHONE,
      nested: { list: [`mail ${EMAIL}`] },
      headers: { authorization: token },
    });
    throw new Error(`the vendor refused ${token} for ${PHONE} <${EMAIL}>`);
  }

  @Get('slow')
  async slow(): Promise<string> {
    gate.arrived.resolve();
    await gate.open.promise;
    return 'finished';
  }
}

@Module({ controllers: [EchoController] })
class TestModule {}

const lines: string[] = [];
const logDestination = { write: (line: string) => void lines.push(line) };
let running: RunningService<unknown> | undefined;

async function start(
  extra: Partial<ServiceDefinition<typeof schema>> = {},
  env: Record<string, string> = environment,
): Promise<RunningService<unknown>> {
  running = await startService(
    { name: 'test', config: schema, module: () => TestModule, ...extra },
    { environment: env, logDestination },
  );
  return running;
}

function post(url: string, type: string | undefined, body: string | Buffer) {
  return request(url, { method: 'POST', body, headers: type === undefined ? {} : { 'content-type': type } });
}

const events = (): string[] => lines.map((line) => (JSON.parse(line) as { event: string }).event);

afterEach(async () => {
  gate.open.resolve();
  await running?.stop('test over');
  running = undefined;
  lines.length = 0;
  gate.arrived = Promise.withResolvers();
  gate.open = Promise.withResolvers();
});

describe('a running service', () => {
  it('answers its probes and metrics', async () => {
    const { url } = await start();
    for (const probe of ['live', 'ready', 'startup']) {
      const answer = await request(`${url}/health/${probe}`);
      expect(answer.statusCode).toBe(200);
      expect(await answer.body.json()).toMatchObject({ status: 'ok' });
    }
    const metrics = await request(`${url}/metrics`);
    expect(metrics.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(await metrics.body.text()).toMatch(/^process_resident_memory_bytes \d+$/m);
  });

  it('is not ready, but alive, while a part that requests need is down, and says which', async () => {
    const { url, app } = await start();
    app.get(HealthRegistry).register({
      name: 'database',
      kind: 'ready',
      check: () => ({ up: false, details: { reason: 'no connection' } }),
    });
    const ready = await request(`${url}/health/ready`);
    expect(ready.statusCode).toBe(503);
    expect(await ready.body.json()).toMatchObject({
      error: { database: { status: 'down', reason: 'no connection' } },
      info: { service: { status: 'up', state: 'running' } },
    });
    const live = await request(`${url}/health/live`);
    expect(live.statusCode).toBe(200);
    await live.body.dump();
  });

  it('never writes a planted secret, phone number or address to its log', async () => {
    const { url } = await start();
    const answer = await request(`${url}/leak?access_token=${TOKEN}`);
    expect(answer.statusCode).toBe(500);
    expect(await answer.body.json()).toEqual({ statusCode: 500, message: 'Internal server error' });
    const log = lines.join('');
    expect(log).toContain('test.leak');
    expect(log).toContain('the vendor refused [secret]');
    for (const planted of [TOKEN, PHONE, EMAIL]) expect(log).not.toContain(planted);
    for (const line of lines) expect(() => JSON.parse(line)).not.toThrow();
  });

  it('logs its effective configuration with secrets only as set, and each line with service and instance', async () => {
    await start();
    const line = lines.map((text) => JSON.parse(text)).find(({ event }) => event === 'config.loaded');
    expect(line).toMatchObject({
      service: 'test',
      instance: 'test-1',
      config: { LEDGERWIRE_SERVICE_TOKEN: 'set', KAFKA_SASL_PASSWORD: 'unset', PORT: '0' },
    });
  });

  it('continues the trace of a request, also after a body was read, and ties log lines to it', async () => {
    const { url } = await start();
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const answer = await request(`${url}/parsed`, {
      method: 'POST',
      body: '{"a":1}',
      headers: { 'content-type': 'application/json', traceparent: `00-${traceId}-b7ad6b7169203331-01` },
    });
    expect(await answer.body.json()).toEqual({ body: { a: 1 }, traceId });
    const headers = { traceparent: `00-${traceId}-b7ad6b7169203331-01` };
    await (await request(`${url}/leak`, { headers })).body.dump();
    const leak = lines.map((text) => JSON.parse(text)).find(({ event }) => event === 'test.leak');
    expect(leak).toMatchObject({ traceId });
  });
});

describe('ids in a path', () => {
  it('are handed over whatever the length that a vendor gives them', async () => {
    const { url } = await start();
    const answer = await request(`${url}/things/${'%C3%A9'.repeat(600)}`);
    expect(await answer.body.json()).toEqual({ length: 600 });
  });
});

describe('request bodies', () => {
  it.each([
    ['application/json', '{"a": 1 , "b":"é"}'],
    ['application/json', '{"malformed'],
    ['application/x-www-form-urlencoded', 'To=%2B1&Body=a+b'],
    ['text/xml', '<a/>'],
  ])('reach a raw route byte by byte (%s, %s)', async (type, body) => {
    const { url } = await start();
    const answer = await post(`${url}/raw`, type, body);
    expect(answer.statusCode).toBe(201);
    expect(await answer.body.json()).toEqual({ buffer: true, hex: Buffer.from(body).toString('hex') });
  });

  it('reach a raw route without any content type', async () => {
    const { url } = await start();
    const answer = await post(`${url}/raw`, undefined, Buffer.from([0, 255]));
    expect(await answer.body.json()).toEqual({ buffer: true, hex: '00ff' });
  });

  it('are parsed from JSON and forms for other routes', async () => {
    const { url } = await start();
    const json = await post(`${url}/parsed`, 'application/vnd.api+json', '{"a":1}');
    expect(await json.body.json()).toMatchObject({ body: { a: 1 } });
    const form = await post(`${url}/parsed`, 'application/x-www-form-urlencoded', 'To=%2B1&Body=a+b&Body=c');
    expect(await form.body.json()).toMatchObject({ body: { To: '+1', Body: ['a b', 'c'] } });
  });

  it.each([
    ['malformed JSON', 'application/json', '{"a":', 400],
    ['a poisoned prototype', 'application/json', '{"__proto__":{"a":1}}', 400],
    ['an unknown content type', 'text/xml', '<a/>', 415],
    ['a body above the limit', 'application/json', `"${'x'.repeat(BODY_LIMIT_BYTES)}"`, 413],
  ])('that are %s are refused', async (_what, type, body, status) => {
    const { url } = await start();
    const answer = await post(`${url}/parsed`, type, body);
    expect(answer.statusCode).toBe(status);
    expect(await answer.body.json()).toMatchObject({ statusCode: status });
    expect(events()).not.toContain('nest.error');
  });

  it('above the limit are refused on raw routes too, with or without an announced length', async () => {
    const { url } = await start();
    const large = Buffer.alloc(BODY_LIMIT_BYTES + 1);
    const announced = await post(`${url}/raw`, 'application/json', large);
    expect(announced.statusCode).toBe(413);
    const chunked = await request(`${url}/raw`, {
      method: 'POST',
      body: Readable.from([large]),
    });
    expect(chunked.statusCode).toBe(413);
  });
});

describe('starting and stopping', () => {
  it('refuses a broken environment by naming every variable', async () => {
    const broken = start({}, { PORT: 'x' });
    await expect(broken).rejects.toBeInstanceOf(ConfigError);
    await expect(broken).rejects.toThrow(/KAFKA_BROKERS: is not set[^]*TOKEN_BROKER_URL[^]*PORT: must be/);
  });

  it('rejects when the port is taken, and has closed what was open', async () => {
    const first = await start();
    let closed = false;
    const second = startService(
      {
        name: 'second',
        config: z.object({}),
        module: ({ lifecycle }) => {
          lifecycle.onShutdown('close', 'resource', () => void (closed = true));
          return TestModule;
        },
      },
      { environment: { PORT: new URL(first.url).port }, logDestination },
    );
    await expect(second).rejects.toThrow(/EADDRINUSE/);
    expect(closed).toBe(true);
  });

  it('answers probes while a strategy is still starting, and is ready after it', async () => {
    const begun = Promise.withResolvers<string>();
    const restored = Promise.withResolvers<void>();
    const closes: string[] = [];
    const strategy: CustomTransportStrategy = {
      listen: async (callback: () => void) => {
        await restored.promise;
        callback();
      },
      close: () => void closes.push('closed'),
    };
    const starting = start({
      strategies: (app) => {
        const server = app.getHttpServer();
        server.once('listening', () =>
          begun.resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
        );
        return [strategy];
      },
    });
    const url = await begun.promise;
    const startup = await request(`${url}/health/startup`);
    expect(startup.statusCode).toBe(503);
    await startup.body.dump();
    const live = await request(`${url}/health/live`);
    expect(live.statusCode).toBe(200);
    await live.body.dump();
    restored.resolve();
    const service = await starting;
    const ready = await request(`${url}/health/ready`);
    expect(ready.statusCode).toBe(200);
    await ready.body.dump();
    await service.stop('test');
    expect(closes.length).toBeGreaterThan(0);
  });

  it('finishes requests in work, takes no new ones, and runs its hooks in order', async () => {
    const order: string[] = [];
    const service = await start({
      module: ({ lifecycle }) => {
        for (const phase of ['close', 'flush', 'drain', 'stop-intake'] as const)
          lifecycle.onShutdown(phase, phase, () => void order.push(phase));
        return TestModule;
      },
    });
    const slow = request(`${service.url}/slow`);
    await gate.arrived.promise;
    const stopped = service.stop('SIGTERM');
    await expect(request(`${service.url}/health/live`, { headers: { connection: 'close' } })).rejects.toThrow(
      /ECONNREFUSED/,
    );
    expect(order).toEqual(['stop-intake', 'drain']);
    gate.open.resolve();
    const answer = await slow;
    expect(await answer.body.text()).toBe('finished');
    expect(await stopped).toBe(true);
    expect(order).toEqual(['stop-intake', 'drain', 'flush', 'close']);
    expect(events().at(-1)).toBe('service.stopped');
  });
});
