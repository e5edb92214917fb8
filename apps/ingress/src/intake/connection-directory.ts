import type { Connection } from '#libs/contracts';
import type { ReadTable } from '#libs/streams';

/**
 * Finds the connections that a webhook is about. Held in memory and kept up to date from the `connections` topic, so that
 * the way of a request needs neither database nor token-broker.
 */
export class ConnectionDirectory {
  private readonly byAccount = new Map<string, Map<string, Connection>>();
  private readonly accountOf = new Map<string, string>();

  constructor(private readonly table: ReadTable<Connection>) {
    for (const connection of table.values()) this.update(connection.connectionId, connection);
    table.onChange((connectionId, connection) => this.update(connectionId, connection));
  }

  /** Whether every connection is known that was there when ingress started; before that nobody can be called unknown. */
  get complete(): boolean {
    return this.table.complete;
  }

  /** The connection of a route's `connectionId`; undefined when there is none of this vendor. */
  byId(vendor: string, connectionId: string): Connection | undefined {
    const connection = this.table.get(connectionId);
    return connection?.vendor === vendor ? connection : undefined;
  }

  /** Every connection to one account of a vendor; two workspaces may each have connected the same one. */
  ofAccount(vendor: string, accountId: string): Iterable<Connection> {
    return this.byAccount.get(accountKey(vendor, accountId))?.values() ?? [];
  }

  private update(connectionId: string, connection: Connection | undefined): void {
    const former = this.accountOf.get(connectionId);
    if (former !== undefined) {
      const connections = this.byAccount.get(former);
      connections?.delete(connectionId);
      if (connections?.size === 0) this.byAccount.delete(former);
      this.accountOf.delete(connectionId);
    }
    if (connection === undefined) return;
    const key = accountKey(connection.vendor, connection.accountId);
    const connections = this.byAccount.get(key) ?? new Map<string, Connection>();
    connections.set(connectionId, connection);
    this.byAccount.set(key, connections);
    this.accountOf.set(connectionId, key);
  }
}

/** Vendor ids hold no space (they are topic and route names), so that the two parts cannot run into each other. */
function accountKey(vendor: string, accountId: string): string {
  return `${vendor} ${accountId}`;
}
