import type { Connection } from '#libs/contracts';

/** An active connection of a vendor without anything special, for specs; what matters to one is given. */
export function plainConnection(
  vendor: string,
  accountId: string,
  more: Partial<Connection> = {},
): Connection {
  return {
    connectionId: 'c1',
    workspaceId: 'w1',
    vendor,
    accountId,
    displayName: '',
    status: 'active',
    timeZone: 'UTC',
    country: null,
    currency: null,
    settings: {},
    updatedAt: 0,
    ...more,
  };
}
