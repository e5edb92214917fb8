import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { type FlowDefinition, type Outcome, topics } from '#libs/contracts';
import { LedgerwireError, ManualClock } from '#libs/core';
import { defaultTemplateLimits, InlineRenderer } from '#libs/flows';
import type { FlowVersion } from '#libs/persistence';
import type { LogProducer, OutgoingRecord } from '#libs/streams';
import { FlowBook } from './flow-book.js';

const YAML = readFileSync(new URL('../../../../flows/xero-invoice-notices.yaml', import.meta.url), 'utf8');
const FLOW = 'xero-invoice-notices';

let stored: FlowVersion[];
let written: OutgoingRecord<unknown>[];
let logIsAway: boolean;
let failures: unknown[];
let book: FlowBook;

const producer: LogProducer = {
  send: (record) => producer.sendAll([record]),
  sendAll: (records) => {
    if (logIsAway)
      return Promise.reject(new LedgerwireError('away', { code: 'log-unavailable', disposition: 'retry' }));
    written.push(...records);
    return Promise.resolve();
  },
};

beforeEach(() => {
  stored = [];
  written = [];
  failures = [];
  logIsAway = false;
  const connection = { connectionId: 'my-xero', workspaceId: 'other', status: 'active' };
  book = new FlowBook({
    store: {
      add: (flow) => {
        if (stored.some((one) => one.flowId === flow.flowId && one.version === flow.version))
          return Promise.resolve(false);
        stored = [flow, ...stored];
        return Promise.resolve(true);
      },
      current: (flowId) => Promise.resolve(stored.find((flow) => flow.flowId === flowId) ?? null),
      listCurrent: () => Promise.resolve(stored.slice(0, 1)),
      history: () => Promise.resolve(stored),
    },
    producer,
    published: {
      get: (flowId) => definitions().findLast((flow) => flow.flowId === flowId),
      values: definitions,
      onChange: () => undefined,
      complete: true,
    },
    connections: {
      get: (id) => (id === 'my-xero' ? (connection as never) : undefined),
      values: () => [],
      onChange: () => undefined,
      complete: true,
    },
    withRenderer: (use) => use(new InlineRenderer({ ...defaultTemplateLimits, renderMs: 5_000 })),
    clock: new ManualClock(),
    onPublishFailed: (error) => failures.push(error),
  });
});

function definitions(): FlowDefinition[] {
  return written
    .filter(({ topic }) => topic.name === topics.flows.name)
    .map(({ value }) => value as FlowDefinition);
}

function apply(seenVersion: number, yaml = YAML) {
  return book.apply({ flowId: FLOW, yaml, enabled: true, seenVersion, appliedBy: null });
}

describe('applying a flow', () => {
  it('stores the next version, publishes it and tells of it, together', async () => {
    expect(await apply(0)).toMatchObject({ kind: 'applied', published: true, flow: { version: 1 } });
    expect(await apply(1)).toMatchObject({ kind: 'applied', flow: { version: 2 } });
    expect(definitions().map((flow) => flow.version)).toEqual([1, 2]);
    const outcomes = written
      .filter(({ topic }) => topic.name === topics.outcomes.name)
      .map(({ value }) => value as Outcome);
    expect(outcomes.map((outcome) => outcome.detail)).toEqual([
      `Version 1 of flow ${FLOW} is in force.`,
      `Version 2 of flow ${FLOW} is in force.`,
    ]);
  });

  it('warns of connections that are not there or not the flow’s to use', async () => {
    expect(await apply(0)).toMatchObject({
      warnings: [
        'Connection my-xero (source) belongs to another workspace; the flow will not use it.',
        'There is no connection my-twilio (target) yet; the flow does nothing until there is.',
      ],
    });
  });

  it('refuses whoever has not seen the version in force', async () => {
    await apply(0);
    expect(await apply(0)).toEqual({ kind: 'outdated', currentVersion: 1 });
    expect(await apply(7)).toEqual({ kind: 'outdated', currentVersion: 1 });
    expect(stored).toHaveLength(1);
  });

  it('refuses a definition with problems, or of another flow, and stores nothing', async () => {
    expect(await apply(0, 'apiVersion: ledgerwire/v1')).toMatchObject({ kind: 'invalid' });
    expect(await apply(0, YAML.replace(`id: ${FLOW}`, 'id: another'))).toMatchObject({
      kind: 'invalid',
      problems: [{ path: 'id' }],
    });
    expect(stored).toEqual([]);
  });

  it('stores a version while the log is away, and publishes it once when it is back', async () => {
    logIsAway = true;
    expect(await apply(0)).toMatchObject({ kind: 'applied', published: false });
    expect(failures).toHaveLength(1);
    expect(await book.publishMissing()).toBe(1);
    expect(definitions()).toEqual([]);
    logIsAway = false;
    expect(await book.publishMissing()).toBe(1);
    expect(definitions().map((flow) => flow.version)).toEqual([1]);
    expect(await book.publishMissing()).toBe(0);
  });
});
