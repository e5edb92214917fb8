import { expect, test } from 'vitest';
import type { ChangeEvent, DeliveryEvent } from './contract.js';
import { fakeConnection } from './testing/fake-vendor.js';
import {
  changeNoticeOf,
  communicationOf,
  deliveryReportOf,
  noticeIdOf,
  polledReportOf,
  routePath,
} from './webhook-records.js';

const connection = fakeConnection('c1');
const change: ChangeEvent = {
  kind: 'change',
  accountId: 'account-c1',
  entityType: 'invoice',
  entityId: 'i-1',
  changeType: 'updated',
  sourceTime: 1000,
  sequence: null,
};
const delivery: DeliveryEvent = {
  kind: 'delivery',
  accountId: 'account-c1',
  commandId: 'cmd',
  messageSid: 'SM1',
  channel: 'sms',
  status: 'sent',
  errorCode: null,
};

test('a redelivered change is the same notice, another change of the entity is another', () => {
  const first = changeNoticeOf(connection, change, { webhookId: 'w1', receivedAt: 1 });
  expect(changeNoticeOf(connection, change, { webhookId: 'w2', receivedAt: 2 }).noticeId).toBe(
    first.noticeId,
  );
  expect(first).toMatchObject({
    connectionId: 'c1',
    origin: 'webhook',
    recheck: false,
    webhookId: 'w1',
    receivedAt: 1,
  });
  for (const other of [
    { sourceTime: 1001 },
    { sequence: '2' },
    { changeType: 'deleted' as const },
    { entityId: 'i-2' },
  ])
    expect(noticeIdOf(connection, { ...change, ...other })).not.toBe(first.noticeId);
  expect(noticeIdOf(fakeConnection('c2'), change)).not.toBe(first.noticeId);
});

test('the same status by callback and by poll is one report', () => {
  const called = deliveryReportOf(connection, delivery, 1);
  const polled = polledReportOf(connection, delivery, { commandId: 'cmd', receivedAt: 2 });
  expect(polled).toEqual({ ...called, source: 'poll', receivedAt: 2 });
  expect(deliveryReportOf(connection, { ...delivery, status: 'delivered' }, 1).reportId).not.toBe(
    called.reportId,
  );
});

test('an inbound message keeps its text and what it wants', () => {
  const record = communicationOf(
    connection,
    {
      kind: 'communication',
      accountId: 'account-c1',
      sid: 'SM2',
      communicationKind: 'sms',
      direction: 'inbound',
      from: '+1',
      to: '+2',
      body: 'STOP',
      status: 'received',
      optOutType: 'STOP',
      messagingServiceSid: null,
    },
    5,
  );
  expect(record).toMatchObject({ sid: 'SM2', kind: 'sms', body: 'STOP', optOutType: 'STOP', receivedAt: 5 });
});

test('fills a route’s path and refuses to leave a hole', () => {
  const route = { name: 'status', method: 'POST', path: 'v/:connectionId/status/:commandId' } as const;
  expect(routePath(route, { connectionId: 'c 1', commandId: 'a/b' })).toBe('/webhooks/v/c%201/status/a%2Fb');
  expect(() => routePath(route, { connectionId: 'c' })).toThrow(/needs commandId/);
});
