import type { ChangeNotice } from '#libs/contracts';

/** A change notice for tests: what a test does not care about is filled in. */
export function noticeFor(parts: Partial<ChangeNotice>): ChangeNotice {
  return {
    noticeId: 'n1',
    webhookId: null,
    workspaceId: 'w',
    connectionId: 'c1',
    vendor: 'xero',
    entityType: 'invoice',
    entityId: 'e1',
    changeType: 'updated',
    origin: 'webhook',
    recheck: false,
    recheckToken: null,
    sourceTime: null,
    receivedAt: 0,
    ...parts,
  };
}
