import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { silentProgress } from '../lib/progress.ts';
import { toImageEnvironment, toProperties } from './broker-settings.ts';
import { parseJavaMajor } from './local/java.ts';
import { canReach } from './local/postgres-account.ts';
import { requireJava, type PrerequisiteFacts } from './local/prerequisites.ts';
import { chooseRuntime, type RuntimeFacts } from './runtime.ts';

describe('the choice of how the infrastructure runs', () => {
  const machine = (docker: boolean, compose = docker): RuntimeFacts => ({
    dockerAnswers: async () => docker,
    composeAnswers: async () => compose,
  });

  test('is Docker where an engine answers, and local processes elsewhere', async () => {
    expect(await chooseRuntime({}, true, machine(true))).toBe('docker');
    expect(await chooseRuntime({ LEDGERWIRE_INFRASTRUCTURE: 'auto' }, true, machine(false))).toBe('local');
  });

  test('is local for npm start where the engine has no compose, yet Docker for tests, which need none', async () => {
    expect(await chooseRuntime({}, true, machine(true, false))).toBe('local');
    expect(await chooseRuntime({}, false, machine(true, false))).toBe('docker');
  });

  test('follows the variable without asking Docker', async () => {
    const mustNotAsk: RuntimeFacts = {
      dockerAnswers: () => Promise.reject(new Error('asked')),
      composeAnswers: () => Promise.reject(new Error('asked')),
    };
    for (const wish of ['local', 'external']) {
      expect(await chooseRuntime({ LEDGERWIRE_INFRASTRUCTURE: wish }, true, mustNotAsk)).toBe(wish);
    }
  });

  test('says what is missing when Docker is asked for', async () => {
    const wish = { LEDGERWIRE_INFRASTRUCTURE: 'docker' };
    await expect(chooseRuntime(wish, true, machine(false))).rejects.toThrow('no Docker engine answers');
    await expect(chooseRuntime(wish, true, machine(true, false))).rejects.toThrow('Compose plugin');
  });

  test('refuses a value that it does not know', async () => {
    const wish = { LEDGERWIRE_INFRASTRUCTURE: 'podman' };
    await expect(chooseRuntime(wish, true, machine(true))).rejects.toThrow('docker, local, external or auto');
  });
});

describe('what only the administrator can install', () => {
  const facts = (over: Partial<PrerequisiteFacts>): PrerequisiteFacts => ({
    findJava: async () => undefined,
    findMaven: async () => undefined,
    canUseApt: false,
    aptInstall: () => Promise.reject(new Error('apt was not to be used')),
    ...over,
  });
  const options = { environment: {}, progress: silentProgress };

  test('is one sentence when neither Docker nor Java is there', async () => {
    const asked = requireJava({ ...options, install: false }, facts({}));
    await expect(asked).rejects.toThrow(
      'needs either a running Docker engine with "docker compose", or a Java runtime (17 or newer) and Maven; this machine has neither: install one of the two.',
    );
  });

  test('offers --install where apt can help', async () => {
    const asked = requireJava({ ...options, install: false }, facts({ canUseApt: true }));
    await expect(asked).rejects.toThrow('npm start -- --install');
  });

  test('is fetched with apt when asked to', async () => {
    const installed: string[] = [];
    const machine = facts({
      canUseApt: true,
      findJava: async () => (installed.length > 0 ? '/usr/bin/java' : undefined),
      aptInstall: async (packages) => {
        installed.push(...packages);
      },
    });
    expect(await requireJava({ ...options, install: true }, machine)).toBe('/usr/bin/java');
    expect(installed).toEqual(['default-jre-headless']);
  });

  test('does not touch apt when Java is there', async () => {
    const machine = facts({ canUseApt: true, findJava: async () => '/usr/bin/java' });
    expect(await requireJava({ ...options, install: true }, machine)).toBe('/usr/bin/java');
  });

  test('says so when apt has only an older Java', async () => {
    const machine = facts({ canUseApt: true, aptInstall: async () => {} });
    await expect(requireJava({ ...options, install: true }, machine)).rejects.toThrow('install one by hand');
  });

  test.each([
    ['openjdk version "17.0.15" 2025-04-15', 17],
    ['openjdk version "25" 2025-09-16', 25],
    ['java version "1.8.0_402"', 8],
    ['The operation couldn’t be completed. Unable to locate a Java Runtime.', undefined],
  ])('reads the Java version from: %s', (output, major) => {
    expect(parseJavaMajor(output)).toBe(major);
  });
});

describe('broker settings', () => {
  test('become a Java properties file', () => {
    expect(toProperties({ 'node.id': '1', 'log.dirs': String.raw`C:\data` })).toBe(
      'node.id=1\nlog.dirs=C:\\\\data\n',
    );
  });

  test('become the environment that the Kafka image understands', () => {
    expect(toImageEnvironment({ 'log.retention.ms': '1', a_b: '2', 'c-d': '3' })).toEqual({
      KAFKA_LOG_RETENTION_MS: '1',
      KAFKA_A__B: '2',
      KAFKA_C___D: '3',
    });
  });
});

describe('the reach of the PostgreSQL account', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'reach-spec-'));
    chmodSync(folder, 0o755);
    mkdirSync(join(folder, 'inner'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const stranger = { uid: 60_001, gid: 60_001 };

  test('covers folders that everyone may pass through, and what is not there yet', () => {
    expect(canReach(join(folder, 'inner', 'new'), stranger)).toBe(true);
  });

  test('ends at a folder that is closed to it', () => {
    chmodSync(folder, 0o700);
    expect(canReach(join(folder, 'inner'), stranger)).toBe(false);
  });

  test('does not matter to somebody who runs PostgreSQL as themselves', () => {
    chmodSync(folder, 0o700);
    expect(canReach(join(folder, 'inner'), undefined)).toBe(true);
  });
});
