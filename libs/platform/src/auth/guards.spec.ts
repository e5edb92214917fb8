import { Controller, Get, Module, UseGuards } from '@nestjs/common';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ConfigError } from '../config/config-error.js';
import { loadConfig } from '../config/load-config.js';
import { type RunningService, startService } from '../service/run-service.js';
import { OPERATOR_TOKEN, operatorConfig, OperatorTokenGuard } from './operator-token.guard.js';
import { Caller, RequirePermission, SERVICE_GRANTS, ServiceTokenGuard } from './service-token.guard.js';
import { type ServiceCaller, serviceTokensConfig } from './service-tokens.js';

const FETCHER = 'fetcher-token-0123456789';
const CONSOLE = 'console-token-0123456789';
const OPERATOR = 'operator-token';
const tokens = {
  fetcher: { token: FETCHER, permissions: ['tokens:read'] },
  console: { token: CONSOLE, permissions: [] },
};

@Controller()
class GuardedController {
  @Get('tokens')
  @UseGuards(ServiceTokenGuard)
  @RequirePermission('tokens:read')
  tokens(@Caller() caller: ServiceCaller): ServiceCaller {
    return caller;
  }

  @Get('any-service')
  @UseGuards(ServiceTokenGuard)
  any(@Caller() caller: ServiceCaller): string {
    return caller.service;
  }

  @Get('operators')
  @UseGuards(OperatorTokenGuard)
  operators(): string {
    return 'welcome';
  }
}

@Module({})
class GuardedModule {}

let service: RunningService<unknown>;

beforeAll(async () => {
  service = await startService(
    {
      name: 'guarded',
      config: z.object({ services: serviceTokensConfig, operator: operatorConfig }),
      module: ({ config }) => ({
        module: GuardedModule,
        controllers: [GuardedController],
        providers: [
          { provide: SERVICE_GRANTS, useValue: config.services.grants },
          { provide: OPERATOR_TOKEN, useValue: config.operator.token },
        ],
      }),
    },
    {
      environment: {
        PORT: '0',
        LOG_LEVEL: 'silent',
        LEDGERWIRE_SERVICE_TOKENS: JSON.stringify(tokens),
        LEDGERWIRE_OPERATOR_TOKEN: OPERATOR,
      },
    },
  );
});

afterAll(() => service.stop('tests over'));

async function get(
  path: string,
  authorization?: string,
): Promise<{ status: number; text: string; challenge: unknown }> {
  const answer = await request(`${service.url}/${path}`, { headers: authorization ? { authorization } : {} });
  return {
    status: answer.statusCode,
    text: await answer.body.text(),
    challenge: answer.headers['www-authenticate'],
  };
}

describe('ServiceTokenGuard', () => {
  it('lets a service in under its name and with its permissions', async () => {
    const answer = await get('tokens', `Bearer ${FETCHER}`);
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text)).toEqual({ service: 'fetcher', permissions: ['tokens:read'] });
    expect(await get('any-service', `bearer ${CONSOLE}`)).toMatchObject({ status: 200, text: 'console' });
  });

  it('answers 403 to a known service that lacks the permission', async () => {
    expect(await get('tokens', `Bearer ${CONSOLE}`)).toMatchObject({ status: 403 });
  });

  it.each([
    ['no header', undefined],
    ['another scheme', `Basic ${FETCHER}`],
    ['a token that begins like a right one', `Bearer ${FETCHER}0`],
    ['the beginning of a right token', `Bearer ${FETCHER.slice(0, -1)}`],
    ['no token', 'Bearer '],
    ['two tokens', `Bearer ${FETCHER} ${FETCHER}`],
    ["the operator's token", `Bearer ${OPERATOR}`],
  ])('answers 401 with a challenge to %s, and does not repeat it', async (_what, header) => {
    const answer = await get('any-service', header);
    expect(answer).toMatchObject({ status: 401, challenge: 'Bearer' });
    expect(answer.text).not.toContain(FETCHER.slice(0, -1));
  });
});

describe('OperatorTokenGuard', () => {
  it("lets in only who shows the operator's token", async () => {
    expect(await get('operators', `Bearer ${OPERATOR}`)).toMatchObject({ status: 200, text: 'welcome' });
    expect(await get('operators', `Bearer ${FETCHER}`)).toMatchObject({ status: 401, challenge: 'Bearer' });
    expect(await get('operators')).toMatchObject({ status: 401 });
  });
});

describe('LEDGERWIRE_SERVICE_TOKENS', () => {
  const schema = z.object({ services: serviceTokensConfig });

  it.each([
    ['no JSON', 'fetcher=hush-hush-hush-hush'],
    ['a short token', JSON.stringify({ fetcher: { token: 'hush', permissions: [] } })],
    ['unknown fields', JSON.stringify({ fetcher: { ...tokens.fetcher, permission: 'x' } })],
    ['one token for two services', JSON.stringify({ a: tokens.fetcher, b: tokens.fetcher })],
  ])('is refused for %s, without showing it', (_what, text) => {
    const load = (): unknown => loadConfig(schema, { LEDGERWIRE_SERVICE_TOKENS: text });
    expect(load).toThrow(ConfigError);
    expect(load).toThrow(/LEDGERWIRE_SERVICE_TOKENS: must be JSON/);
    expect(load).not.toThrow(/hush|fetcher-token/);
  });

  it('keeps its tokens as secrets', () => {
    const loaded = loadConfig(schema, { LEDGERWIRE_SERVICE_TOKENS: JSON.stringify(tokens) });
    expect(JSON.stringify(loaded.config)).not.toContain(FETCHER);
    expect(loaded.secretValues).toEqual([JSON.stringify(tokens), FETCHER, CONSOLE]);
  });
});
