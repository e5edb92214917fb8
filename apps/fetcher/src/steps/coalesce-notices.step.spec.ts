import { expect, test } from 'vitest';
import type { ChangeNotice } from '#libs/contracts';
import { coalesceNotices } from './coalesce-notices.step.js';

function notice(changes: Partial<ChangeNotice>): ChangeNotice {
  return {
    noticeId: 'n1',
    webhookId: null,
    workspaceId: 'w1',
    connectionId: 'x1',
    vendor: 'xero',
    entityType: 'invoice',
    entityId: 'i1',
    changeType: 'updated',
    origin: 'poll',
    recheck: false,
    recheckToken: null,
    sourceTime: null,
    receivedAt: 100,
    ...changes,
  };
}

test('keeps everybody who asked, each once', () => {
  const request = coalesceNotices([
    notice({ noticeId: 'n1', webhookId: 'h1', receivedAt: 300 }),
    notice({ noticeId: 'n2', webhookId: 'h1', receivedAt: 200, sourceTime: 7 }),
    notice({ noticeId: 'n2', recheck: true, recheckToken: 't1', sourceTime: 5 }),
    notice({ noticeId: 'n3', recheck: true, recheckToken: 't2' }),
  ]);
  expect(request).toMatchObject({
    noticeIds: ['n1', 'n2', 'n3'],
    webhookIds: ['h1'],
    recheck: true,
    recheckTokens: ['t1', 't2'],
    firstNoticedAt: 100,
    sourceTime: 7,
  });
});

test('says that the entity is new when one of the notices does', () => {
  const isNew = (...types: [string, ...string[]]): boolean | undefined => {
    const [first, ...others] = types.map((changeType) => notice({ changeType }));
    return coalesceNotices([first ?? notice({}), ...others]).created;
  };
  expect(isNew('updated', 'created')).toBe(true);
  expect(isNew('updated', 'unknown')).toBe(false);
});

test('says webhook when one of them was, else how the first came about', () => {
  expect(coalesceNotices([notice({ origin: 'timer' }), notice({ origin: 'webhook' })]).origin).toBe(
    'webhook',
  );
  expect(coalesceNotices([notice({ origin: 'timer' }), notice({ origin: 'poll' })]).origin).toBe('timer');
});
