import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, inject, it, vi } from 'vitest';
import { type FlowDefinition, stateTopics, topics } from '#libs/contracts';
import { sampleContact, sampleInvoice, sampleSource, sampleTarget } from '#libs/flows';
import { type RunningService, startService } from '#libs/platform';
import { LogProbe } from '#libs/streams';
import { mapperService } from './mapper.service.js';
import { noticeTopics } from './notice-topics.js';
import { issuedStep } from './testing/mapper-bench.js';

const infrastructure = inject('infrastructure');
const probe = new LogProbe(infrastructure);
const source = { ...sampleSource, connectionId: `books-${randomUUID()}` };
const target = { ...sampleTarget, connectionId: `phone-${randomUUID()}` };
const flowId = `flow-${randomUUID()}`;
let running: RunningService<unknown> | undefined;

beforeAll(async () => {
  // Another spec may be making the same topics at this moment.
  await vi.waitFor(
    () =>
      probe.prepare([
        ...stateTopics([]).filter(({ name }) => name.startsWith('mapper.')),
        topics.connections,
        topics.flows,
        topics.records,
        topics.failedMessages,
        topics.capQuestions,
        topics.capAnswers,
        topics.messages,
        topics.contacts,
        ...noticeTopics,
        topics.outcomes,
        topics.deadLetters,
      ]),
    { timeout: 60_000, interval: 500 },
  );
  await probe.write(topics.connections, source.connectionId, source);
  await probe.write(topics.connections, target.connectionId, target);
  await probe.write(topics.flows, flowId, flow(1, issuedStep));
});

afterEach(async () => {
  await running?.stop('test over');
});

afterAll(async () => {
  await probe.close();
});

function flow(version: number, steps: string): FlowDefinition {
  const yaml = `apiVersion: ledgerwire/v1
id: ${flowId}
name: Test flow
workspace: ${source.workspaceId}
source: ${source.connectionId}
target: ${target.connectionId}
steps:${steps}
`;
  return {
    flowId,
    workspaceId: source.workspaceId,
    version,
    enabled: true,
    sourceConnectionId: source.connectionId,
    targetConnectionId: target.connectionId,
    yaml,
    updatedAt: Date.now(),
  };
}

async function start(): Promise<void> {
  const service = await startService(mapperService, {
    environment: {
      PORT: '0',
      LOG_LEVEL: 'silent',
      KAFKA_BROKERS: infrastructure.kafkaBrokers,
      SCHEMA_REGISTRY_URL: infrastructure.registryUrl,
    },
  });
  running = service;
  await vi.waitFor(
    async () => {
      const { status } = await fetch(`${service.url}/health/ready`);
      if (status !== 200) throw new Error(`not ready: ${status}`);
    },
    { timeout: 40_000, interval: 100 },
  );
}

it('turns records of the log into one command each, by the flow in force, over a restart too', async () => {
  const messages = await probe.follow(topics.messages);
  const told = await probe.follow(topics.outcomes);
  const records = [sampleContact(), sampleInvoice({}, { entityId: `i-${randomUUID()}` })];
  const mine = () => messages.filter(({ key }) => key === target.connectionId).map(({ value }) => value.body);
  const put = async () => {
    for (const record of records)
      await probe.write(topics.records, source.connectionId, {
        ...record,
        connectionId: source.connectionId,
      });
  };
  await start();
  await put();
  await expect.poll(mine, { timeout: 20_000 }).toEqual(['Invoice INV-1001 over 1250.5 for Rowan Fitch']);
  await running?.stop('restart');
  await start();
  await put();
  const again = () =>
    told.filter(({ value }) => value.flowId === flowId && value.reason === 'nothing-new').length;
  await expect.poll(again, { timeout: 20_000 }).toBe(1);
  expect(mine()).toHaveLength(1);
});

it('goes by a flow that was changed while it runs', async () => {
  const messages = await probe.follow(topics.messages);
  await start();
  await probe.write(topics.flows, flowId, flow(2, issuedStep.replace("'Invoice", "'New words for")));
  const mine = () => messages.filter(({ key }) => key === target.connectionId).map(({ value }) => value.body);
  let number = 0;
  await expect
    .poll(
      async () => {
        number += 1;
        const record = sampleInvoice({}, { entityId: `j-${randomUUID()}-${number}` });
        await probe.write(topics.records, source.connectionId, {
          ...record,
          connectionId: source.connectionId,
        });
        return mine().some((body) => body.startsWith('New words'));
      },
      { timeout: 20_000, interval: 500 },
    )
    .toBe(true);
});

it('counts one person’s messages over the connections of a workspace, whichever partitions they are in', async () => {
  const told = await probe.follow(topics.outcomes);
  const workspaceId = `company-${randomUUID()}`;
  const books = Array.from({ length: 6 }, () => ({
    ...source,
    workspaceId,
    connectionId: `books-${randomUUID()}`,
  }));
  const phone = { ...target, workspaceId, connectionId: `phone-${randomUUID()}` };
  await probe.write(topics.connections, phone.connectionId, phone);
  for (const { connectionId } of books) {
    const capped = flow(1, issuedStep);
    const id = `capped-${randomUUID()}`;
    const yaml = capped.yaml
      .replace(flowId, id)
      .replace(source.workspaceId, workspaceId)
      .replace(source.connectionId, connectionId)
      .replace(target.connectionId, phone.connectionId)
      .replace('steps:', 'dailyCap: 1\nsteps:');
    const around = { workspaceId, sourceConnectionId: connectionId, targetConnectionId: phone.connectionId };
    await probe.write(topics.connections, connectionId, { ...source, workspaceId, connectionId });
    await probe.write(topics.flows, id, { ...capped, ...around, flowId: id, yaml });
  }
  await start();
  for (const { connectionId } of books)
    for (const record of [sampleContact(), sampleInvoice({}, { entityId: `c-${randomUUID()}` })])
      await probe.write(topics.records, connectionId, { ...record, workspaceId, connectionId });
  const verdicts = () =>
    told
      .filter(
        ({ value }) => value.workspaceId === workspaceId && value.step === 'map' && value.channel === 'sms',
      )
      .map(({ value }) => value.status)
      .sort();
  await expect
    .poll(verdicts, { timeout: 30_000 })
    .toEqual([...Array.from({ length: 5 }, () => 'deferred'), 'mapped']);
});
