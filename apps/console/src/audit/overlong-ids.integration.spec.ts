import { randomInt } from 'node:crypto';
import { expect, inject, onTestFinished, test } from 'vitest';
import type { DeadLetter, Outcome } from '#libs/contracts';
import { systemClock } from '#libs/core';
import { type Database, migrate, openDatabase } from '#libs/persistence';
import { createTestDatabase } from '../../../../tools/infra/test-database.ts';
import { outcome } from '../testing/outcomes.js';
import { deadLetterRow, outcomeRow } from './audit-rows.js';
import { DatabasePatience } from './database-patience.js';

/** What an index refuses: each character has three bytes, and it is too random to be compressed. */
function overlong(): string {
  const characters = Array.from({ length: 2_000 }, () => String.fromCodePoint(0x4e00 + randomInt(20_000)));
  return characters.join('');
}

async function migrated(): Promise<Database> {
  const scratch = await createTestDatabase(inject('infrastructure').databaseUrl);
  onTestFinished(() => scratch.drop());
  const options = { url: scratch.url, applicationName: 'console-spec' };
  await migrate(options);
  const database = await openDatabase(options);
  onTestFinished(() => database.close());
  return database;
}

/** An outcome all of whose texts are overlong, but for `outcomeId`. */
function overlongOutcome(): Outcome {
  const of = outcome('deliver', 'delivered', 1, { webhookIds: ['w'], noticeIds: ['n'] });
  const given = Object.entries(of).map(([key, value]): [string, unknown] => {
    if (Array.isArray(value)) return [key, [overlong(), overlong()]];
    return [key, typeof value === 'number' || key === 'nextTryAt' ? value : overlong()];
  });
  return { ...(Object.fromEntries(given) as unknown as Outcome), outcomeId: of.outcomeId };
}

test('a value that is too long for an index is refused for good instead of being tried for ever', async () => {
  const { outcomes } = await migrated();
  const waiting = new AbortController();
  const patience = new DatabasePatience({
    clock: systemClock,
    // Here it would begin to wait.
    onChange: (_available, error) => waiting.abort(error),
  });
  const row = outcome('deliver', 'delivered', 1, { messageSid: overlong() });
  await expect(patience.write(waiting.signal, () => outcomes.addAll([row]))).rejects.toMatchObject({
    code: 'row-refused',
    disposition: 'dead-letter',
  });
});

test('outcomes are written whatever the length of their texts', async () => {
  const { outcomes } = await migrated();
  const all = overlongOutcome();
  await outcomes.addAll([outcomeRow(all)]);
  const [written] = await outcomes.latest({}, 10);
  expect(written).toMatchObject({
    messageSid: all.messageSid?.slice(0, 600),
    noticeIds: all.noticeIds.map((id) => id.slice(0, 600)),
    detail: all.detail,
  });
});

test('dead letters are written whatever the length of their texts', async () => {
  const { deadLetters } = await migrated();
  const text = overlong();
  const letter: DeadLetter = {
    deadLetterId: text,
    service: text,
    originTopic: text,
    originPartition: 0,
    originOffset: 0,
    originTimestamp: 1,
    key: Buffer.from(text),
    value: null,
    headers: [{ key: 'workspace', value: Buffer.from(text) }],
    errorCode: text,
    errorMessage: text,
    attempts: 1,
    at: 2,
  };
  await deadLetters.addAll([deadLetterRow({ partition: 0, offset: 0, headers: {}, value: letter })]);
  expect(await deadLetters.list({}, 10)).toMatchObject([{ key: text.slice(0, 600), errorMessage: text }]);
});
