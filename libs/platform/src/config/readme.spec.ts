import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { operatorConfig } from '../auth/operator-token.guard.js';
import { serviceTokensConfig } from '../auth/service-tokens.js';
import { serviceSchema } from '../service/run-service.js';
import { configTable } from './describe-config.js';
import { databaseConfig, kafkaConfig, registryConfig, tokenBrokerClientConfig } from './slices.js';

const everySlice = serviceSchema(
  z.object({
    kafka: kafkaConfig,
    registry: registryConfig,
    database: databaseConfig,
    tokenBroker: tokenBrokerClientConfig,
    services: serviceTokensConfig,
    operator: operatorConfig,
  }),
);

describe('README.md', () => {
  it('has the table of variables that the schemas say', () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
    const [, table] = /<!-- config:begin -->\n([^]*?)<!-- config:end -->/.exec(readme) ?? [];
    expect(cellsOf(table ?? '')).toEqual(cellsOf(configTable(everySlice)));
  });
});

/** The cells of a Markdown table, whatever its columns are padded with. */
function cellsOf(table: string): readonly string[][] {
  return table
    .trim()
    .split('\n')
    .filter((_line, index) => index !== 1)
    .map((line) => line.split('|').map((cell) => cell.trim()));
}
