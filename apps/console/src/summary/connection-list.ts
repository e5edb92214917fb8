import type { Connection } from '#libs/contracts';
import { isDatabaseFailure, type OutcomeStore } from '#libs/persistence';
import type { ReadTable } from '#libs/streams';

/** A connection as operators see it: without settings, which are the vendor's affair. */
export interface ShownConnection extends Omit<Connection, 'settings'> {
  /** Set while its token cannot be refreshed: work goes on until the token in use ends. */
  readonly refreshFailing: { readonly since: number; readonly detail: string | null } | null;
}

/** Every connection and how it stands: from the topic, and from the trail what the topic does not tell. */
export class ConnectionList {
  constructor(
    private readonly connections: ReadTable<Connection>,
    private readonly outcomes: Pick<OutcomeStore, 'lastRefreshes'>,
  ) {}

  /** By workspace and name. Without the database the list is shown all the same, with less to tell. */
  async list(): Promise<ShownConnection[]> {
    const failing = await this.failing();
    return [...this.connections.values()]
      .map(({ settings: _settings, ...shown }) => {
        const found = failing.get(shown.connectionId);
        // Whoever authorised anew, or must, has ended the spell; the connection says so itself.
        const counts = found !== undefined && shown.status === 'active' && found.at >= shown.updatedAt;
        return { ...shown, refreshFailing: counts ? { since: found.at, detail: found.detail } : null };
      })
      .sort(
        (a, b) => a.workspaceId.localeCompare(b.workspaceId) || a.displayName.localeCompare(b.displayName),
      );
  }

  private async failing(): Promise<Map<string, { readonly at: number; readonly detail: string | null }>> {
    try {
      const last = await this.outcomes.lastRefreshes();
      return new Map(
        last.flatMap(({ connectionId, status, at, detail }) =>
          status === 'refresh-failing' ? [[connectionId, { at, detail }] as const] : [],
        ),
      );
    } catch (error) {
      if (!isDatabaseFailure(error)) throw error;
      return new Map();
    }
  }
}
