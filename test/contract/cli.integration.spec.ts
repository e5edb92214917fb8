import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import {
  type AccountingRecord,
  headerNames,
  mapperStores,
  type MessageCommand,
  outcomeOf,
  stateTopic,
  topics,
} from '#libs/contracts';
import { sampleContact, sampleInvoice, sampleSource, sampleTarget } from '#libs/flows';
import { partitionOfKey } from '#libs/streams';
import { run, type RunOptions } from '../../apps/cli/src/testing/run.js';
import { type ConsoleUnderTest, startConsole } from '../../apps/console/src/testing/console-under-test.js';

/** As many as `LogProbe` makes. */
const PARTITIONS = 4;
const entities = stateTopic('mapper', mapperStores.entities.name, mapperStores.entities.schema);
const folder = mkdtempSync(join(tmpdir(), 'ledgerwire-cli-'));
const books = `books-${randomUUID()}`;
const sender = `sender-${randomUUID()}`;
const workspaceId = `w-${randomUUID()}`;
const number = `INV-${randomUUID().slice(0, 8)}`;
const flowId = `notices-${randomUUID().slice(0, 8)}`;

const FLOW = `apiVersion: ledgerwire/v1
id: ${flowId}
name: Notices
workspace: my-company
source: other-books
target: ${sender}
country: GB
locale: en-GB
steps:
  - id: issued
    when: invoice.issued
    to: customer
    channel: sms
    template: "{{ contact.firstName }}, invoice {{ invoice.number }}"
  - id: large
    when: invoice.issued
    if: { amount: { atLeast: 5000 } }
    to: customer
    channel: sms
    template: "{{ invoice.number }} is large"
`;

let underTest: ConsoleUnderTest;

beforeAll(async () => {
  underTest = await startConsole(inject('infrastructure'));
  const { probe } = underTest;
  await probe.prepare([topics.messages, entities]);
  await probe.write(topics.connections, books, { ...sampleSource, connectionId: books, workspaceId });
  await probe.write(topics.connections, sender, { ...sampleTarget, connectionId: sender, workspaceId });
  writeFileSync(join(folder, 'notices.yaml'), FLOW);
  await vi.waitFor(
    async () => {
      const { out } = await ledgerwire('connections', '--workspace', workspaceId);
      if (!out.includes(sender)) throw new Error(`the console does not know the connections yet: ${out}`);
    },
    { timeout: 15_000, interval: 100 },
  );
});

afterAll(async () => {
  rmSync(folder, { recursive: true });
  await underTest.stop();
});

function ledgerwire(...words: string[]) {
  return ledgerwireWith({}, ...words);
}

function ledgerwireWith(options: RunOptions, ...words: string[]) {
  const environment = {
    LEDGERWIRE_CONSOLE_URL: underTest.url,
    LEDGERWIRE_CONSOLE_TOKEN: underTest.token,
  };
  return run(words, { environment, folder, ...options });
}

/** A record in the log, and the line of the trail that its fetcher writes with it. */
async function bring(record: AccountingRecord): Promise<void> {
  const { recordId, connectionId, vendor, entityType, entityId, entityNumber } = record;
  await underTest.probe.write(topics.records, connectionId, record);
  const outcome = outcomeOf({
    workspaceId,
    vendor,
    connectionId,
    entityType,
    entityId,
    entityNumber,
    recordId,
    step: 'fetch',
    status: 'fetched',
    service: 'fetcher-xero',
    at: Date.now(),
    what: recordId,
  });
  await underTest.probe.write(topics.outcomes, workspaceId, outcome);
  await expect.poll(async () => (await ledgerwire('trace', recordId)).code, { timeout: 15_000 }).toBe(0);
}

const own = { connectionId: books, workspaceId };

describe('with a real console', () => {
  test('a flow is tried, applied, compared, switched off and exported', async () => {
    const record = { ...sampleInvoice(), ...own, recordId: `r-${randomUUID()}`, entityNumber: number };
    const contact = { ...sampleContact(), ...own };
    const key = `${books}/contact/${contact.entityId}`;
    const partition = partitionOfKey(books, PARTITIONS);
    await underTest.probe.write(entities, key, { ...contact, recordId: 'former' }, {}, partition);
    await underTest.probe.write(entities, key, contact, {}, partition);
    await bring(record);

    const tried = await ledgerwire('flow', 'test', 'notices.yaml', '--record', number);
    expect(tried.err).toBe('');
    expect(tried.out).toContain('1 message would be sent');
    expect(tried.out).toMatch(/to +\+44•+56 \(customer\), by sms/);
    expect(tried.out).toContain('│ Rowan, invoice INV-1001');
    expect(tried.out).toContain('1 segment');
    expect(tried.out).toMatch(/large +condition-not-met/);
    expect(tried.out).toContain('The flow is for connection other-books');
    // The full number is nowhere in the answer.
    expect(
      JSON.stringify(await ledgerwire('flow', 'test', 'notices.yaml', '--record', number, '--json')),
    ).not.toContain('7911123456');

    expect((await ledgerwire('flow', 'apply', 'notices.yaml')).out).toContain(`Version 1 of flow ${flowId}`);
    expect((await ledgerwire('flow', 'apply', 'notices.yaml')).out).toContain('in force already');
    expect((await ledgerwire('flow', 'diff', 'notices.yaml', '--exit-code')).code).toBe(0);
    expect((await ledgerwire('flow', 'disable', flowId)).out).toContain('is off (version 2)');
    expect((await ledgerwire('flow', 'history', flowId)).out).toMatch(/2 +off .*\n1 +on/);
    expect((await ledgerwire('flow', 'export', flowId)).out).toBe(FLOW);
    writeFileSync(join(folder, 'wrong.yaml'), FLOW.replace('invoice.issued', 'invoice.dreamt'));
    const wrong = await ledgerwire('flow', 'apply', 'wrong.yaml');
    expect(wrong.code).toBe(1);
    expect(wrong.err).toMatch(/^wrong\.yaml:11:\d+: steps/m);
  });

  test('what the mapper does not know of is said', async () => {
    const lonely = `r-${randomUUID()}`;
    const record = sampleInvoice({ contactId: 'stranger' });
    await bring({ ...record, ...own, recordId: lonely, entityId: lonely });
    const { out } = await ledgerwire('flow', 'test', 'notices.yaml', '--record', lonely);
    expect(out).toContain('stranger, not known here');
    expect(out).toContain('Nothing would be sent.');
    const nowhere = await ledgerwire('flow', 'test', 'notices.yaml', '--record', 'nowhere');
    expect(nowhere.code).toBe(1);
    expect(nowhere.err).toContain('No record is found by this id');
  });

  test('one command alone is sent again, marked as forced', async () => {
    const commandId = randomUUID();
    for (const id of [randomUUID(), commandId, randomUUID()]) {
      await underTest.probe.write(topics.messages, sender, commandOf(id));
    }
    const outcome = outcomeOf({
      workspaceId,
      step: 'map',
      status: 'mapped',
      service: 'mapper',
      at: Date.now(),
      what: commandId,
      commandId,
      flowId,
      channel: 'sms',
      recipient: '+44••56',
    });
    await underTest.probe.write(topics.outcomes, workspaceId, outcome);
    await expect.poll(async () => (await ledgerwire('trace', commandId)).code, { timeout: 15_000 }).toBe(0);
    const messages = await underTest.probe.follow(topics.messages);
    const resent = await ledgerwire('resend', commandId, '--reason', 'the phone was off', '--yes');
    // Others write to this topic too.
    expect(resent.err).toMatch(/1 of \d+ records brought again/);
    expect(resent.code).toBe(0);
    const forced = () =>
      messages.filter(({ key, headers }) => key === sender && headers[headerNames.replayMode] === 'forced');
    await expect
      .poll(() => forced().map(({ value }) => value.commandId), { timeout: 15_000 })
      .toEqual([commandId]);
    expect((await ledgerwire('replay', 'list')).out).toContain('the phone was off');
    await expect
      .poll(async () => (await ledgerwire('trace', commandId)).out, { timeout: 15_000 })
      .toContain('An operator had it sent again: the phone was off');
    const refused = await underTest.api('/api/replays', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ topic: 'records', from: 0, filter: { commandId }, reason: 'to see' }),
    });
    expect(refused.status).toBe(422);
  });

  test('tail shows what happens', async () => {
    const stopping = new AbortController();
    const tail = ledgerwireWith({ signal: stopping.signal }, 'tail', '--connection', books, '--count', '1');
    const recordId = `r-${randomUUID()}`;
    await bring({ ...sampleInvoice(), ...own, recordId, entityNumber: 'INV-TAIL' });
    // Whatever came before the feed was open is not shown: bring another one until it is.
    let shown = false;
    void tail.then(() => (shown = true));
    await expect
      .poll(
        async () => {
          if (!shown) await bring({ ...sampleInvoice(), ...own, recordId: `r-${randomUUID()}` });
          return shown;
        },
        { timeout: 30_000 },
      )
      .toBe(true);
    expect((await tail).out).toContain('fetch/fetched');
  });

  test('doctor and a wrong token', async () => {
    const { out } = await ledgerwire('doctor');
    expect(out).toContain('✓ The console answers.');
    const environment = {
      LEDGERWIRE_CONSOLE_URL: underTest.url,
      LEDGERWIRE_CONSOLE_TOKEN: 'guessed',
    };
    const guessed = await run(['flow', 'list'], { environment });
    expect([guessed.code, guessed.err]).toEqual([1, expect.stringContaining('refuses the token')]);
  });
});

function commandOf(commandId: string): MessageCommand {
  return {
    commandId,
    workspaceId,
    connectionId: sender,
    flowId,
    flowVersion: 1,
    flowStep: 'issued',
    businessEvent: 'invoice/1/issued',
    channel: 'sms',
    to: '+447911123456',
    recipientKind: 'customer',
    sender: null,
    subject: null,
    body: 'Hello',
    html: null,
    sourceConnectionId: books,
    sourceVendor: 'xero',
    entityType: 'invoice',
    entityId: '1',
    entityNumber: null,
    recordId: 'r1',
    origin: 'webhook',
    uncertainPolicy: 'never',
    createdAt: Date.now(),
    notAfter: null,
    firstNoticedAt: Date.now(),
    resendOf: null,
    onFailure: [],
    quietSpans: [],
  };
}
