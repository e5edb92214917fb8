import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ConfigError } from './config-error.js';
import { configTable, describeConfig, summarizeConfig, undocumentedVariables } from './describe-config.js';
import { type Environment, loadConfig } from './load-config.js';
import { Secret } from './secret.js';
import { databaseConfig, httpConfig, kafkaConfig, logConfig, registryConfig } from './slices.js';
import { type ConfigSchema, variable, wholeNumber } from './variables.js';

const schema = z.object({ http: httpConfig, kafka: kafkaConfig, database: databaseConfig, log: logConfig });
const PASSWORD = 'correct-horse-battery';
const complete: Environment = {
  PORT: '4001',
  KAFKA_BROKERS: 'kafka-1:9092, kafka-2:9092',
  DATABASE_URL: `postgres://ledgerwire:${PASSWORD}@db:5432/ledgerwire`,
};

function problemsOf(target: ConfigSchema, environment: Environment): Record<string, string> {
  try {
    loadConfig(target, environment);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return Object.fromEntries(error.problems.map(({ variable, message }) => [variable, message]));
  }
  throw new Error('the configuration was accepted');
}

describe('loadConfig', () => {
  it('reads variables into typed slices and fills in defaults', () => {
    const { config } = loadConfig(schema, complete);
    expect(config.http).toEqual({ port: 4001, host: '127.0.0.1', bodyLimitBytes: 1_048_576 });
    expect(config.kafka.brokers).toEqual(['kafka-1:9092', 'kafka-2:9092']);
    expect(config.kafka.ssl).toBe(false);
    expect(config.database.url.reveal()).toContain(PASSWORD);
    expect(config.log.level).toBe('info');
  });

  it('names every problem at once, by variable', () => {
    const problems = problemsOf(schema, { PORT: '70000', KAFKA_SSL: 'perhaps', LOG_LEVEL: 'loud' });
    expect(Object.keys(problems).sort()).toEqual([
      'DATABASE_URL',
      'KAFKA_BROKERS',
      'KAFKA_SSL',
      'LOG_LEVEL',
      'PORT',
    ]);
    expect(problems['PORT']).toBe('must be a whole number from 0 to 65535');
    expect(problems['DATABASE_URL']).toMatch(/^is not set: /);
  });

  it('never repeats a value in an error, however wrong it is', () => {
    const planted = 'hunter2-planted';
    const everywhere = Object.fromEntries(
      describeConfig(schema).map(({ name }) => [name, `${planted} ${name}:x`]),
    );
    let text = '';
    try {
      loadConfig(schema, { ...everywhere, PORT: planted });
    } catch (error) {
      text = inspect(error, { depth: 10 });
    }
    expect(text).toContain('PORT');
    expect(text).not.toContain(planted);
  });

  it('takes an empty variable for an unset one', () => {
    expect(loadConfig(schema, { ...complete, LOG_LEVEL: '', INSTANCE: '' }).config.log).toEqual({
      level: 'info',
    });
    expect(problemsOf(schema, { ...complete, KAFKA_BROKERS: '' })['KAFKA_BROKERS']).toMatch(/is not set/);
  });

  it('checks fields against each other and names the variable to change', () => {
    expect(problemsOf(schema, { ...complete, KAFKA_SASL_USERNAME: 'app' })).toEqual({
      KAFKA_SASL_PASSWORD: 'is needed because KAFKA_SASL_USERNAME is set',
    });
    expect(problemsOf(schema, { ...complete, KAFKA_SASL_PASSWORD: 'x' })).toEqual({
      KAFKA_SASL_USERNAME: 'is needed because KAFKA_SASL_PASSWORD is set',
    });
  });

  it('refuses brokers without a port and URLs that carry credentials', () => {
    expect(problemsOf(schema, { ...complete, KAFKA_BROKERS: 'kafka' })).toHaveProperty('KAFKA_BROKERS');
    const registry = z.object({ registry: registryConfig });
    expect(problemsOf(registry, { SCHEMA_REGISTRY_URL: 'http://me:pw@registry' })).toEqual({
      SCHEMA_REGISTRY_URL: 'must not hold a user name or password',
    });
    expect(problemsOf(registry, { SCHEMA_REGISTRY_URL: 'registry:8081' })).toEqual({
      SCHEMA_REGISTRY_URL: 'must be an absolute http or https URL',
    });
  });

  it('freezes the result all the way down', () => {
    const { config } = loadConfig(schema, complete);
    expect(() => Object.assign(config.http, { port: 1 })).toThrow(TypeError);
    expect(() => (config.kafka.brokers as string[]).push('other:1')).toThrow(TypeError);
  });

  it('hands the texts of secrets to the scrubber, and nothing else', () => {
    expect(loadConfig(schema, complete).secretValues).toEqual([complete['DATABASE_URL']]);
  });
});

describe('secrets from files', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'platform-config-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it('reads a secret from the file that NAME_FILE names, without its last line break', () => {
    const file = join(folder, 'url');
    writeFileSync(file, 'postgres://from-file\n');
    const { config } = loadConfig(schema, { ...complete, DATABASE_URL: undefined, DATABASE_URL_FILE: file });
    expect(config.database.url.reveal()).toBe('postgres://from-file');
  });

  it('says why a file cannot be read, once', () => {
    const missing = { ...complete, DATABASE_URL: '', DATABASE_URL_FILE: join(folder, 'none') };
    expect(problemsOf(schema, missing)).toEqual({
      DATABASE_URL: 'the file that DATABASE_URL_FILE names cannot be read (ENOENT)',
    });
  });

  it('refuses a secret that is given twice', () => {
    const twice = { ...complete, DATABASE_URL_FILE: join(folder, 'none') };
    expect(problemsOf(schema, twice)['DATABASE_URL']).toMatch(/unset one of them/);
  });

  it('does not read files for variables that are no secrets', () => {
    const file = join(folder, 'port');
    writeFileSync(file, '1234');
    expect(problemsOf(schema, { ...complete, PORT: undefined, PORT_FILE: file })).toHaveProperty('PORT');
  });
});

describe('Secret', () => {
  it('shows its value only when it is revealed', () => {
    const secret = new Secret(PASSWORD);
    // Through a function that takes anything, since the linter does not let a Secret into a template.
    const print = (value: unknown): string => `now: ${value as string}`;
    const shown = [
      String(secret),
      print(secret),
      ''.concat(secret as unknown as string),
      JSON.stringify({ secret }),
      inspect({ secret }, { showHidden: true, depth: 5 }),
      Object.entries(secret).toString(),
      JSON.stringify(Object.assign({}, secret)),
    ];
    for (const text of shown) expect(text).not.toContain(PASSWORD);
    expect(print(secret)).toBe('now: [secret]');
    expect(secret.reveal()).toBe(PASSWORD);
  });
});

describe('descriptions of a configuration', () => {
  it('lists name, default and need of every variable', () => {
    const rows = new Map(describeConfig(schema).map((row) => [row.name, row]));
    expect(rows.get('PORT')).toMatchObject({ required: true, default: undefined, secret: false });
    expect(rows.get('LOG_LEVEL')).toMatchObject({ required: false, default: 'info' });
    expect(rows.get('KAFKA_SSL')).toMatchObject({ default: 'false' });
    expect(rows.get('DATABASE_URL')).toMatchObject({ required: true, secret: true });
    expect(rows.get('INSTANCE')).toMatchObject({ required: false, default: undefined });
  });

  it('writes a table and finds what a document leaves out', () => {
    const table = configTable(schema);
    expect(table).toContain('| `DATABASE_URL` (secret) | required |');
    expect(undocumentedVariables(schema, table)).toEqual([]);
    expect(undocumentedVariables(schema, table.replaceAll('KAFKA_SSL', 'KAFKA_SSLX'))).toEqual(['KAFKA_SSL']);
  });

  it('sums up what is in effect, with secrets only as set or unset', () => {
    const summary = summarizeConfig(schema, loadConfig(schema, complete).config);
    expect(summary).toMatchObject({
      PORT: '4001',
      KAFKA_BROKERS: 'kafka-1:9092,kafka-2:9092',
      DATABASE_URL: 'set',
      KAFKA_SASL_PASSWORD: 'unset',
      PUBLIC_BASE_URL: null,
    });
    expect(JSON.stringify(summary)).not.toContain(PASSWORD);
  });

  it('rejects a field without a variable and a name that is used twice', () => {
    expect(() => describeConfig(z.object({ plain: z.string() }))).toThrow(/plain has no variable/);
    const twice = z.object({
      one: variable('SAME', 'One', wholeNumber(0, 9)),
      two: variable('SAME', 'Two', wholeNumber(0, 9)),
    });
    expect(() => describeConfig(twice)).toThrow(/Two fields .* SAME/);
  });
});
