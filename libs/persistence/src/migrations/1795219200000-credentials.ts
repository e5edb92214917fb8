import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What token-broker keeps: consents, connections, keys, begun consents, alerts. */
export class Credentials1795219200000 implements MigrationInterface {
  readonly name = 'Credentials1795219200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE grants (
        grant_id uuid NOT NULL,
        vendor text NOT NULL,
        workspace_id text NOT NULL,
        status text NOT NULL,
        version integer NOT NULL,
        key_id text NOT NULL,
        access_token bytea,
        access_token_expires_at timestamptz(3),
        refresh_token bytea,
        previous_refresh_token bytea,
        previous_usable_until timestamptz(3),
        scopes text[] NOT NULL,
        settings jsonb NOT NULL,
        refreshed_at timestamptz(3) NOT NULL,
        last_used_at timestamptz(3),
        presented_at timestamptz(3),
        refused_at timestamptz(3),
        failures integer NOT NULL DEFAULT 0,
        retry_at timestamptz(3),
        lease_owner uuid,
        lease_until timestamptz(3),
        accounts_checked_at timestamptz(3) NOT NULL,
        created_at timestamptz(3) NOT NULL,
        CONSTRAINT grants_pkey PRIMARY KEY (grant_id),
        CONSTRAINT grants_status CHECK (status IN ('active', 'needs-reauthorisation', 'ended'))
      )`);
    await runner.query('CREATE INDEX grants_workspace_id ON grants (workspace_id)');
    await runner.query('CREATE INDEX grants_key_id ON grants (key_id)');

    await runner.query(`
      CREATE TABLE connections (
        connection_id text NOT NULL,
        workspace_id text NOT NULL,
        vendor text NOT NULL,
        account_id text NOT NULL,
        display_name text NOT NULL,
        status text NOT NULL,
        time_zone text NOT NULL,
        country text,
        currency text,
        settings jsonb NOT NULL,
        grant_id uuid,
        account_handle text,
        revision integer NOT NULL,
        published_revision integer NOT NULL DEFAULT 0,
        created_at timestamptz(3) NOT NULL,
        updated_at timestamptz(3) NOT NULL,
        CONSTRAINT connections_pkey PRIMARY KEY (connection_id),
        CONSTRAINT connections_grant_id_fkey FOREIGN KEY (grant_id) REFERENCES grants (grant_id),
        CONSTRAINT connections_status
          CHECK (status IN ('active', 'needs-reauthorisation', 'paused', 'disconnected'))
      )`);
    await runner.query(
      'CREATE UNIQUE INDEX connections_account ON connections (workspace_id, vendor, account_id)',
    );
    await runner.query(`
      CREATE UNIQUE INDEX connections_live_account ON connections (vendor, account_id)
        WHERE status <> 'disconnected'`);
    await runner.query('CREATE INDEX connections_grant_id ON connections (grant_id)');

    await runner.query(`
      CREATE TABLE api_credentials (
        connection_id text NOT NULL,
        key_id text NOT NULL,
        credentials bytea NOT NULL,
        version integer NOT NULL,
        updated_at timestamptz(3) NOT NULL,
        CONSTRAINT api_credentials_pkey PRIMARY KEY (connection_id),
        CONSTRAINT api_credentials_connection_id_fkey
          FOREIGN KEY (connection_id) REFERENCES connections (connection_id)
      )`);
    await runner.query('CREATE INDEX api_credentials_key_id ON api_credentials (key_id)');

    await runner.query(`
      CREATE TABLE oauth_states (
        state_digest text NOT NULL,
        vendor text NOT NULL,
        workspace_id text NOT NULL,
        browser_digest text NOT NULL,
        key_id text NOT NULL,
        code_verifier bytea NOT NULL,
        created_at timestamptz(3) NOT NULL,
        expires_at timestamptz(3) NOT NULL,
        used_at timestamptz(3),
        CONSTRAINT oauth_states_pkey PRIMARY KEY (state_digest)
      )`);
    await runner.query('CREATE INDEX oauth_states_expires_at ON oauth_states (expires_at)');

    await runner.query(`
      CREATE TABLE reauthorisation_alerts (
        alert_id uuid NOT NULL,
        subject text NOT NULL,
        vendor text NOT NULL,
        workspace_id text NOT NULL,
        connection_ids text[] NOT NULL,
        reason text NOT NULL,
        raised_at timestamptz(3) NOT NULL,
        resolved_at timestamptz(3),
        CONSTRAINT reauthorisation_alerts_pkey PRIMARY KEY (alert_id)
      )`);
    await runner.query(`
      CREATE UNIQUE INDEX reauthorisation_alerts_open ON reauthorisation_alerts (subject)
        WHERE resolved_at IS NULL`);
    await runner.query(
      'CREATE INDEX reauthorisation_alerts_workspace_id ON reauthorisation_alerts (workspace_id)',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of [
      'reauthorisation_alerts',
      'oauth_states',
      'api_credentials',
      'connections',
      'grants',
    ])
      await runner.query(`DROP TABLE ${table}`);
  }
}
