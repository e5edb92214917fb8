import type { DataSource } from 'typeorm';
import { LedgerwireError } from '#libs/core';
import { createDataSource, type DatabaseOptions } from './data-source.js';
import { assertMigrated } from './migrate.js';
import { ApiCredentialStore } from './stores/api-credential.store.js';
import { AuthorisationStore } from './stores/authorisation.store.js';
import { ConnectionStore } from './stores/connection.store.js';
import { ConsentStore } from './stores/consent.store.js';
import { DeadLetterStore } from './stores/dead-letter.store.js';
import { FlowStore } from './stores/flow.store.js';
import { GrantStore } from './stores/grant.store.js';
import { OAuthStateStore } from './stores/oauth-state.store.js';
import { OutcomeStore } from './stores/outcome.store.js';
import { ReplayStore } from './stores/replay.store.js';
import { WebhookSubscriptionStore } from './stores/webhook-subscription.store.js';

/**
 * An open database: the stores of token-broker and those of console. Other services have no database.
 * Errors of the driver pass through as they are; a caller that answers somebody treats them as transient.
 */
export class Database {
  readonly grants: GrantStore;
  readonly connections: ConnectionStore;
  readonly consents: ConsentStore;
  readonly authorisations: AuthorisationStore;
  readonly apiCredentials: ApiCredentialStore;
  readonly oauthStates: OAuthStateStore;
  readonly outcomes: OutcomeStore;
  readonly flows: FlowStore;
  readonly deadLetters: DeadLetterStore;
  readonly replays: ReplayStore;
  readonly subscriptions: WebhookSubscriptionStore;

  constructor(private readonly dataSource: DataSource) {
    this.grants = new GrantStore(dataSource);
    this.connections = new ConnectionStore(dataSource);
    this.consents = new ConsentStore(dataSource);
    this.authorisations = new AuthorisationStore(dataSource);
    this.apiCredentials = new ApiCredentialStore(dataSource);
    this.oauthStates = new OAuthStateStore(dataSource);
    this.outcomes = new OutcomeStore(dataSource);
    this.flows = new FlowStore(dataSource);
    this.deadLetters = new DeadLetterStore(dataSource);
    this.replays = new ReplayStore(dataSource);
    this.subscriptions = new WebhookSubscriptionStore(dataSource);
  }

  /** For the health check: resolves when the database answers a trivial question. */
  async ping(): Promise<void> {
    await this.dataSource.query('SELECT 1');
  }

  /** Waits for statements that run and closes every connection. May be called twice. */
  async close(): Promise<void> {
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }
}

/**
 * Connects and checks that the schema has everything this build expects.
 *
 * @throws LedgerwireError `database-unreachable` (halt), or `migrations-pending` (halt) which says what to run.
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const dataSource = createDataSource(options);
  try {
    await dataSource.initialize();
  } catch (cause) {
    // The driver's text can hold the whole URL; its code cannot.
    throw new LedgerwireError(
      `cannot connect to PostgreSQL (${codeOf(cause)}); check that DATABASE_URL is right and the server is up`,
      { code: 'database-unreachable', disposition: 'halt' },
    );
  }
  try {
    await assertMigrated(dataSource);
  } catch (error) {
    await dataSource.destroy();
    throw error;
  }
  return new Database(dataSource);
}

function codeOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'code' in error) return String(error.code);
  return error instanceof Error ? error.name : 'unknown error';
}
