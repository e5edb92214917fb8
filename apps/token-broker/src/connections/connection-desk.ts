import { type Clock, LedgerwireError } from '#libs/core';
import type { ConnectionChange, ConnectionRow, Database, ReauthorisationAlert } from '#libs/persistence';
import type { Logger } from '#libs/platform';
import type { KeySecrets } from '../crypto/key-secrets.js';
import type { Announcer } from '../publish/announcer.js';
import type { AccessTokens } from '../tokens/access-tokens.js';
import type { SubscriptionKeeper } from '../subscriptions/subscription-keeper.js';
import { callAbout, type VendorAccess } from '../vendor-access.js';
import { InvalidInput } from '../http/invalid-input.js';
import { refusal } from '../refusal.js';

/** What {@link ConnectionDesk} works with. */
export interface ConnectionDeskTools {
  readonly database: Database;
  readonly vendors: VendorAccess;
  readonly keySecrets: KeySecrets;
  readonly accessTokens: AccessTokens;
  readonly announcer: Announcer;
  readonly subscriptions: Pick<SubscriptionKeeper, 'leave' | 'lookAgain'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** An account with API keys that an operator wants to connect, or whose keys are to be replaced. */
export interface KeyConnectionRequest {
  readonly vendor: string;
  readonly workspaceId: string;
  readonly credentials: Readonly<Record<string, string>>;
  readonly settings: Readonly<Record<string, string>>;
}

/** An operator's change; undefined = stays. */
export type ConnectionUpdate = {
  readonly [K in keyof ConnectionChange]: ConnectionChange[K] | undefined;
};

/** Tries of a change that others keep getting in the way of. */
const CHANGE_TRIES = 5;

/** What operators do with connections. */
export class ConnectionDesk {
  constructor(private readonly tools: ConnectionDeskTools) {}

  list(workspaceId?: string): Promise<readonly ConnectionRow[]> {
    return this.tools.database.connections.list(workspaceId);
  }

  alerts(workspaceId?: string): Promise<readonly ReauthorisationAlert[]> {
    return this.tools.database.authorisations.openAlerts(workspaceId);
  }

  /** @throws LedgerwireError `unknown-connection`. */
  async get(connectionId: string): Promise<ConnectionRow> {
    const row = await this.tools.database.connections.find(connectionId);
    if (row) return row;
    throw refusal('unknown-connection', `there is no connection ${connectionId}`);
  }

  /**
   * Tries the keys at the vendor, then stores them. The same account again replaces its keys.
   * @throws InvalidInput naming fields, `credentials-refused`, `account-elsewhere`, or the VendorError of a vendor that is away.
   */
  async connectWithKeys(request: KeyConnectionRequest): Promise<ConnectionRow> {
    const { vendors, database, keySecrets, announcer, clock } = this.tools;
    const { vendor, auth, call } = vendors.keys(request.vendor);
    const parsed = auth.schema.safeParse(request.credentials);
    if (!parsed.success) throw InvalidInput.of(parsed.error, 'credentials');
    this.assertSettings(request.vendor, request.settings);
    const { handle, ...account } = await auth.describeAccount(call, parsed.data).catch((error: unknown) => {
      if (!(error instanceof LedgerwireError) || error.code !== 'vendor-unauthorised') throw error;
      throw refusal(
        'credentials-refused',
        `${vendor.manifest.name} refuses these credentials; check each of them`,
      );
    });
    const row = await database.consents.saveKeys(
      { workspaceId: request.workspaceId, vendor: request.vendor },
      { ...account, accountHandle: handle, settings: { ...request.settings } },
      (connectionId) => keySecrets.seal(connectionId, parsed.data),
      clock.now(),
    );
    if (!row)
      throw refusal(
        'account-elsewhere',
        'another workspace has this account connected; disconnect it there first',
      );
    announcer.announceSoon([row.connectionId]);
    return row;
  }

  /** @throws LedgerwireError `unknown-connection`, `connection-disconnected`, `needs-reauthorisation`, `changed-meanwhile`; InvalidInput. */
  async update(connectionId: string, update: ConnectionUpdate): Promise<ConnectionRow> {
    const { database, announcer, clock } = this.tools;
    for (let attempt = 1; attempt <= CHANGE_TRIES; attempt += 1) {
      const row = await this.getLive(connectionId);
      const change = await this.changeOf(row, update);
      const changed = await database.connections.change(connectionId, row.revision, change, clock.now());
      if (!changed) continue;
      announcer.announceSoon([connectionId]);
      return changed;
    }
    throw refusal('changed-meanwhile', 'the connection is being changed by others; try again');
  }

  /**
   * Takes the account out of the consent at the vendor, then forgets its secrets here. A vendor that is away makes it fail
   * with nothing changed, unless `force` is set; subscriptions that were removed already are made anew.
   *
   * A consent with no account left is not revoked where the vendor can take out accounts one by one: it opens nothing any
   * more, and revoking it can end other consents of the same person.
   */
  async disconnect(connectionId: string, force: boolean): Promise<ConnectionRow> {
    const { database, announcer, clock, subscriptions } = this.tools;
    const row = await this.getLive(connectionId);
    try {
      await this.unless(force, row, () => subscriptions.leave(row));
      await this.unless(force, row, () => this.leaveVendor(row));
    } catch (error) {
      await subscriptions.lookAgain(connectionId);
      throw error;
    }
    await database.subscriptions.forget(connectionId);
    const ended = await database.consents.disconnect(connectionId, clock.now());
    if (!ended)
      throw refusal('connection-disconnected', `connection ${connectionId} was disconnected before`);
    announcer.announceSoon([connectionId]);
    return ended;
  }

  /** Does a part of leaving; with `force` its failure is only noted. */
  private async unless(force: boolean, row: ConnectionRow, leave: () => Promise<void>): Promise<void> {
    try {
      await leave();
    } catch (error) {
      if (!force) throw error;
      const { connectionId, vendor } = row;
      this.tools.logger.warn({ event: 'connection.forced-disconnect', connectionId, vendor, error });
    }
  }

  private async getLive(connectionId: string): Promise<ConnectionRow> {
    const row = await this.get(connectionId);
    if (row.status !== 'disconnected') return row;
    throw refusal('connection-disconnected', `connection ${connectionId} was disconnected; connect it again`);
  }

  private async leaveVendor(row: ConnectionRow): Promise<void> {
    const { database, vendors, accessTokens } = this.tools;
    const grant = row.grantId === null ? null : await database.grants.find(row.grantId);
    if (!grant || grant.status !== 'active') return;
    const { auth, call } = vendors.oauthOf(grant);
    const accessToken = await accessTokens.tokenOfGrant(grant);
    if (auth.disconnectAccount && row.accountHandle !== null) {
      await auth.disconnectAccount(callAbout(row.connectionId, call), accessToken, row.accountHandle);
      return;
    }
    const others = (await database.connections.listOfGrant(grant.grantId)).length - 1;
    const refreshToken = await accessTokens.refreshTokenForRevocation(grant.grantId);
    if (others === 0 && refreshToken !== null) await auth.revoke(call, refreshToken);
  }

  private async changeOf(row: ConnectionRow, update: ConnectionUpdate): Promise<ConnectionChange> {
    if (update.settings) this.assertSettings(row.vendor, update.settings);
    const given = Object.entries(update).filter(([, value]) => value !== undefined);
    const change = Object.fromEntries(given) as ConnectionChange;
    if (!change.settings) return this.withStatus(row, change);
    const settings = { ...(await this.vendorsSettings(row)), ...change.settings };
    return this.withStatus(row, { ...change, settings });
  }

  /** What came with the tokens (a region) or the account (its plan) is not the operator's to lose. */
  private async vendorsSettings(row: ConnectionRow): Promise<Readonly<Record<string, string>>> {
    const { database, vendors } = this.tools;
    const { accountSettings = [] } = vendors.registry.get(row.vendor).manifest;
    const ofAccount = Object.entries(row.settings).filter(([name]) => accountSettings.includes(name));
    const grant = row.grantId === null ? null : await database.grants.find(row.grantId);
    return { ...Object.fromEntries(ofAccount), ...grant?.settings };
  }

  private async withStatus(row: ConnectionRow, change: ConnectionChange): Promise<ConnectionChange> {
    return change.status === 'active' ? { ...change, status: await this.resumed(row) } : change;
  }

  /** The status of a connection that goes on: it may have lost its authorisation while it was paused. */
  private async resumed(row: ConnectionRow): Promise<ConnectionRow['status']> {
    if (row.status === 'needs-reauthorisation')
      throw refusal(
        'needs-reauthorisation',
        'the owner has to authorise this connection again; pausing does not help',
      );
    if (row.grantId === null) return 'active';
    const grant = await this.tools.database.grants.find(row.grantId);
    return grant?.status === 'active' ? 'active' : 'needs-reauthorisation';
  }

  private assertSettings(vendorId: string, settings: Readonly<Record<string, string>>): void {
    const parsed = this.tools.vendors.registry.get(vendorId).manifest.settings.safeParse(settings);
    if (!parsed.success) throw InvalidInput.of(parsed.error, 'settings');
  }
}
