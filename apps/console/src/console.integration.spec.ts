import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type Connection, type DeadLetter, type FlowDefinition, type Outcome, topics } from '#libs/contracts';
import type { z } from 'zod';
import type { deadLettersSchema, flowApplied, flowProblems, outcomesPage } from './api/api.schema.js';
import { type ConsoleUnderTest, startConsole } from './testing/console-under-test.js';
import { invoiceTrail, outcome } from './testing/outcomes.js';
import type { TraceView } from './traces/trace-view.js';

let underTest: ConsoleUnderTest;

beforeAll(async () => {
  underTest = await startConsole(inject('infrastructure'));
});

afterAll(() => underTest.stop());

/** A trail whose ids are this test's own, since the topic is shared with other runs. */
function ownTrail(): {
  readonly trail: Outcome[];
  readonly ids: Record<'webhook' | 'command' | 'record' | 'sid' | 'number', string>;
} {
  const mark = randomUUID().slice(0, 8);
  const own = (id: string | null): string | null => (id === null ? null : `${id}-${mark}`);
  const trail = invoiceTrail(`INV-${mark}`).map((one) => ({
    ...one,
    outcomeId: `${one.outcomeId}-${mark}`,
    webhookIds: one.webhookIds.map((id) => `${id}-${mark}`),
    noticeIds: one.noticeIds.map((id) => `${id}-${mark}`),
    recordId: own(one.recordId),
    commandId: own(one.commandId),
    messageSid: own(one.messageSid),
    entityId: own(one.entityId),
  }));
  return {
    trail,
    ids: {
      webhook: `webhook-1-${mark}`,
      command: `command-1-${mark}`,
      record: `record-1-${mark}`,
      sid: `SM1-${mark}`,
      number: `INV-${mark}`,
    },
  };
}

async function write(trail: readonly Outcome[]): Promise<void> {
  for (const one of trail) await underTest.probe.write(topics.outcomes, one.workspaceId, one);
}

async function json<T>(response: Response): Promise<T> {
  return (await response.json()) as T;
}

describe('the trail', () => {
  it('gives the whole way of an event by any id on it', async () => {
    const { trail, ids } = ownTrail();
    await write(trail);
    await expect
      .poll(
        async () =>
          (await json<Partial<TraceView>>(await underTest.api(`/api/traces/${ids.sid}`))).steps?.length,
        { timeout: 15_000 },
      )
      .toBe(7);
    for (const id of Object.values(ids)) {
      const view = await json<TraceView>(await underTest.api(`/api/traces/${id}`));
      expect(view.steps).toHaveLength(7);
      expect(view.commands.map((command) => command.result)).toEqual(['delivered']);
      expect(view.notSent.map((one) => one.reason)).toEqual(['no-staff-address']);
    }
    const within = (workspaceId: string) =>
      underTest.api(`/api/traces/${ids.number}?workspaceId=${workspaceId}`);
    expect((await json<TraceView>(await within('demo'))).steps).toHaveLength(7);
    expect((await within('another')).status).toBe(404);
  });

  it('says 404 with a sentence when nothing is known of an id', async () => {
    const response = await underTest.api('/api/traces/nothing-has-this-id');
    expect(response.status).toBe(404);
    expect(await response.text()).toContain('Nothing is known of this id');
  });

  it('is paged newest first without gaps or doubles, and filtered', async () => {
    const connectionId = `connection-${randomUUID()}`;
    const many = Array.from({ length: 25 }, (_, index) =>
      outcome('fetch', 'fetched', Math.floor(index / 5), { connectionId, what: `${connectionId}-${index}` }),
    );
    await write(many);
    await expect
      .poll(async () => (await pageThrough(`connectionId=${connectionId}`, 7)).length, { timeout: 15_000 })
      .toBe(25);
    const all = await pageThrough(`connectionId=${connectionId}`, 7);
    expect(new Set(all).size).toBe(25);
    expect(await pageThrough(`connectionId=${connectionId}&status=failed`, 7)).toEqual([]);
  });

  it('refuses filters that are none', async () => {
    for (const query of ['limit=0', 'limit=501', 'limit=ten', 'cursor=x', 'from=yesterday']) {
      const response = await underTest.api(`/api/outcomes?${query}`);
      expect(response.status).toBe(400);
    }
  });

  it('comes live as it happens, and again from where a reader was', async () => {
    const { trail } = ownTrail();
    const abort = new AbortController();
    const response = await underTest.api('/api/events', { signal: abort.signal });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const events = eventsOf(response);
    await write(trail);
    const live = await take(events, (event) => trail.some((one) => one.outcomeId === event.outcomeId), 7);
    abort.abort();
    const ids = live.map((event) => event.id);
    const first = Math.min(...ids);
    const again = new AbortController();
    const resumed = await underTest.api('/api/events', {
      signal: again.signal,
      headers: { 'last-event-id': String(first) },
    });
    const missed = await take(
      eventsOf(resumed),
      (event) => trail.some((one) => one.outcomeId === event.outcomeId),
      6,
    );
    again.abort();
    const later = ids.filter((id) => id > first);
    expect(new Set(missed.map((event) => event.id))).toEqual(new Set(later));
  });
});

async function pageThrough(filter: string, limit: number): Promise<string[]> {
  const found: string[] = [];
  let cursor = '';
  for (;;) {
    const page = await json<z.output<typeof outcomesPage>>(
      await underTest.api(`/api/outcomes?${filter}&limit=${limit}${cursor}`),
    );
    found.push(...page.outcomes.map((one) => one.outcomeId));
    if (page.nextCursor === null) return found;
    cursor = `&cursor=${page.nextCursor}`;
  }
}

interface LiveEvent {
  readonly id: number;
  readonly outcomeId: string;
}

async function* eventsOf(response: Response): AsyncGenerator<LiveEvent> {
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk as Uint8Array).toString();
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const [, id, data] = /id: (\d+)\nevent: outcome\ndata: (.*)$/.exec(text.slice(0, end)) ?? [];
      text = text.slice(end + 2);
      if (data !== undefined) yield { id: Number(id), outcomeId: (JSON.parse(data) as Outcome).outcomeId };
    }
  }
}

async function take(
  events: AsyncGenerator<LiveEvent>,
  wanted: (event: LiveEvent) => boolean,
  count: number,
): Promise<LiveEvent[]> {
  const found: LiveEvent[] = [];
  while (found.length < count) {
    const { value, done } = await events.next();
    if (done) break;
    if (wanted(value)) found.push(value);
  }
  return found;
}

describe('flows', () => {
  const yaml = (id: string) =>
    readFileSync(new URL('../../../flows/xero-invoice-notices.yaml', import.meta.url), 'utf8').replace(
      'id: xero-invoice-notices',
      `id: ${id}`,
    );

  function put(flowId: string, body: object, ifMatch?: string) {
    return underTest.api(`/api/flows/${flowId}`, {
      method: 'PUT',
      headers: {
        'content-type': 'application/json',
        ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
      },
      body: JSON.stringify(body),
    });
  }

  it('are applied version by version, published, and kept with their history', async () => {
    const flowId = `flow-${randomUUID()}`;
    const published = await underTest.probe.follow(topics.flows);
    const created = await put(flowId, { yaml: yaml(flowId) }, '"0"');
    expect([created.status, created.headers.get('etag')]).toEqual([200, '"1"']);
    const answer = await json<z.output<typeof flowApplied>>(created);
    expect(answer).toMatchObject({ published: true, flow: { flowId, version: 1, enabled: true } });
    expect(answer.warnings).toEqual([
      'There is no connection my-xero (source) yet; the flow does nothing until there is.',
      'There is no connection my-twilio (target) yet; the flow does nothing until there is.',
    ]);
    const switchedOff = await put(flowId, { yaml: yaml(flowId), enabled: false }, '"1"');
    expect(switchedOff.status).toBe(200);
    const mine = () => published.map((record) => record.value).filter((flow) => flow.flowId === flowId);
    await expect
      .poll(() => mine().map((flow: FlowDefinition) => [flow.version, flow.enabled]), { timeout: 10_000 })
      .toEqual([
        [1, true],
        [2, false],
      ]);
    const { versions } = await json<{ versions: { version: number }[] }>(
      await underTest.api(`/api/flows/${flowId}/versions`),
    );
    expect(versions.map((one) => one.version)).toEqual([2, 1]);
  });

  it('are not overwritten by somebody who has not seen the version in force', async () => {
    const flowId = `flow-${randomUUID()}`;
    await put(flowId, { yaml: yaml(flowId) }, '"0"');
    expect((await put(flowId, { yaml: yaml(flowId) })).status).toBe(428);
    const outdated = await put(flowId, { yaml: yaml(flowId) }, '"0"');
    expect(outdated.status).toBe(412);
    expect(await outdated.text()).toContain(`Version 1 of flow ${flowId} is in force`);
    const both = await Promise.all([
      put(flowId, { yaml: yaml(flowId) }, '"1"'),
      put(flowId, { yaml: yaml(flowId) }, '"1"'),
    ]);
    expect(new Set(both.map((response) => response.status))).toEqual(new Set([200, 412]));
  });

  it('are refused with every problem and its place', async () => {
    const flowId = `flow-${randomUUID()}`;
    const broken = yaml(flowId)
      .replace('when: invoice.issued', 'when: invoice.eaten')
      .replace('| money', '| mooney');
    const response = await put(flowId, { yaml: broken }, '"0"');
    expect(response.status).toBe(422);
    const { problems } = await json<z.output<typeof flowProblems>>(response);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems[0]).toMatchObject({ line: expect.any(Number), message: expect.any(String) });
    const misnamed = await put(`other-${flowId}`, { yaml: yaml(flowId) }, '"0"');
    expect(misnamed.status).toBe(422);
    expect((await underTest.api(`/api/flows/${flowId}`)).status).toBe(404);
  });
});

describe('what there is', () => {
  it('lists connections without their settings, and dead letters without their bytes', async () => {
    const connectionId = `xero-${randomUUID()}`;
    const connection: Connection = {
      connectionId,
      workspaceId: 'demo',
      vendor: 'xero',
      accountId: 'tenant',
      displayName: 'Demo Ltd',
      status: 'active',
      timeZone: 'Europe/London',
      country: 'GB',
      currency: 'GBP',
      settings: { dailyLimit: '5000' },
      updatedAt: 1,
    };
    await underTest.probe.write(topics.connections, connectionId, connection);
    const letter: DeadLetter = {
      deadLetterId: randomUUID(),
      service: 'ingress',
      originTopic: 'webhooks.xero',
      originPartition: -1,
      originOffset: -1,
      originTimestamp: 1,
      key: Buffer.from(connectionId),
      value: Buffer.from('personal data'),
      headers: [],
      errorCode: 'unknown-connection',
      errorMessage: 'No such account.',
      attempts: 1,
      at: Date.now(),
    };
    await underTest.probe.write(topics.deadLetters, connectionId, letter);
    const connections = async () => (await underTest.api('/api/connections')).text();
    await expect.poll(connections, { timeout: 10_000 }).toContain(connectionId);
    expect(await connections()).not.toContain('dailyLimit');
    const letters = () => underTest.api(`/api/dead-letters?key=${connectionId}&status=open`);
    await expect
      .poll(async () => (await letters()).text(), { timeout: 10_000 })
      .toContain(letter.deadLetterId);
    const found = await json<z.output<typeof deadLettersSchema>>(await letters());
    expect(found.deadLetters).toHaveLength(1);
    expect(JSON.stringify(found)).not.toContain('personal data');
  });

  it('counts the last hour', async () => {
    await write([{ ...outcome('send', 'sent', 0, { what: randomUUID() }), at: Date.now() }]);
    const counts = async () => (await underTest.api('/api/summary')).text();
    await expect
      .poll(counts, { timeout: 10_000, interval: 500 })
      .toMatch(/"step":"send","status":"sent","count":\d+/);
  });
});

describe('the API document', () => {
  it('describes parameters and answers', async () => {
    const document = await json<{
      paths: Record<string, Record<string, { responses: Record<string, object> }>>;
    }>(await fetch(`${underTest.url}/openapi.json`));
    // Which routes there are is compared with the controllers in api/openapi.spec.ts.
    const trace = JSON.stringify(document.paths['/api/traces/{id}']?.['get']);
    expect(trace).toContain('notSent');
    expect(trace).toContain('"name":"workspaceId"');
    const outcomes = JSON.stringify(document.paths['/api/outcomes']?.['get']);
    expect(outcomes).toContain('"name":"connectionId"');
    expect(outcomes).toContain('nextCursor');
  });

  it('can be read in the browser without anything from elsewhere', async () => {
    const page = await fetch(`${underTest.url}/docs`);
    const text = await page.text();
    expect(page.status).toBe(200);
    expect(text.match(/(?:src|href)="https?:/g)).toBeNull();
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
    expect((await fetch(`${underTest.url}/docs/swagger-ui-bundle.js`)).status).toBe(200);
  });
});
