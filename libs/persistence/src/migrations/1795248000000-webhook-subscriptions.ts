import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Webhook subscriptions that token-broker makes and keeps at vendors. */
export class WebhookSubscriptions1795248000000 implements MigrationInterface {
  readonly name = 'WebhookSubscriptions1795248000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE webhook_subscriptions (
        subscription_id uuid NOT NULL,
        connection_id text NOT NULL,
        event text NOT NULL,
        status text NOT NULL,
        remote_id text,
        url text,
        key_id text,
        secret bytea,
        attempts integer NOT NULL DEFAULT 0,
        due_at timestamptz(3) NOT NULL,
        problem text,
        updated_at timestamptz(3) NOT NULL,
        CONSTRAINT webhook_subscriptions_pkey PRIMARY KEY (subscription_id),
        CONSTRAINT webhook_subscriptions_connection_id_fkey
          FOREIGN KEY (connection_id) REFERENCES connections (connection_id),
        CONSTRAINT webhook_subscriptions_status
          CHECK (status IN ('wanted', 'registered', 'proven', 'verified'))
      )`);
    await runner.query(
      'CREATE UNIQUE INDEX webhook_subscriptions_event ON webhook_subscriptions (connection_id, event)',
    );
    await runner.query('CREATE INDEX webhook_subscriptions_key_id ON webhook_subscriptions (key_id)');
    await runner.query('CREATE INDEX webhook_subscriptions_due_at ON webhook_subscriptions (due_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE webhook_subscriptions');
  }
}
