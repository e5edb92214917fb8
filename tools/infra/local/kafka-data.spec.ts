import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openKafkaDataFolder } from './kafka-data.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kafka-data-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function format(): void {
  mkdirSync(join(folder, 'log'));
  writeFileSync(join(folder, 'log', 'meta.properties'), '');
}

test('an empty folder is to be formatted', () => {
  expect(openKafkaDataFolder(folder, '4.2.2').formatted).toBe(false);
});

test('a folder is used again by its own release, by its patches and by newer ones', () => {
  openKafkaDataFolder(folder, '4.2.2');
  format();
  for (const version of ['4.2.2', '4.2.1', '4.10.0'])
    expect(openKafkaDataFolder(folder, version).formatted).toBe(true);
});

test('a folder that a newer release has used is refused, with what to do', () => {
  openKafkaDataFolder(folder, '4.2.2');
  format();
  openKafkaDataFolder(folder, '4.10.0');
  expect(() => openKafkaDataFolder(folder, '4.2.2')).toThrow(/written by Kafka 4\.10\.0.*--fresh/);
});

test('a folder without a mark is taken for one of the release before there were marks', () => {
  format();
  expect(() => openKafkaDataFolder(folder, '4.2.2')).toThrow(/written by Kafka 4\.3\.1/);
  expect(openKafkaDataFolder(folder, '4.3.1').formatted).toBe(true);
});
