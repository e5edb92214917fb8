import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What console keeps: the audit trail, versions of flows, the index of dead letters. */
export class AuditTrail1795219260000 implements MigrationInterface {
  readonly name = 'AuditTrail1795219260000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE outcomes (
        outcome_id text NOT NULL,
        position bigserial NOT NULL,
        workspace_id text NOT NULL,
        step text NOT NULL,
        status text NOT NULL,
        reason text,
        detail text,
        at timestamptz(3) NOT NULL,
        service text NOT NULL,
        trace_id text,
        origin text,
        vendor text,
        connection_id text,
        entity_type text,
        entity_id text,
        entity_number text,
        webhook_ids text[] NOT NULL,
        notice_ids text[] NOT NULL,
        record_id text,
        command_id text,
        message_sid text,
        flow_id text,
        flow_step text,
        business_event text,
        channel text,
        recipient text,
        error_code text,
        next_try_at timestamptz(3),
        CONSTRAINT outcomes_pkey PRIMARY KEY (outcome_id)
      )`);
    await runner.query('CREATE UNIQUE INDEX outcomes_position ON outcomes (position)');
    await runner.query('CREATE INDEX outcomes_workspace_at ON outcomes (workspace_id, at)');
    await runner.query('CREATE INDEX outcomes_at ON outcomes (at)');
    for (const column of ['webhook_ids', 'notice_ids']) {
      // Without a list of pending entries, which each lookup would have to read through: arrays here are short.
      await runner.query(
        `CREATE INDEX outcomes_${column} ON outcomes USING gin (${column}) WITH (fastupdate = off)`,
      );
    }
    for (const column of SPARSE_LOOKUPS) {
      await runner.query(
        `CREATE INDEX outcomes_${column} ON outcomes (${column}) WHERE ${column} IS NOT NULL`,
      );
    }

    await runner.query(`
      CREATE TABLE flows (
        flow_id text NOT NULL,
        version integer NOT NULL,
        workspace_id text NOT NULL,
        enabled boolean NOT NULL,
        source_connection_id text NOT NULL,
        target_connection_id text NOT NULL,
        yaml text NOT NULL,
        applied_by text,
        applied_at timestamptz(3) NOT NULL,
        CONSTRAINT flows_pkey PRIMARY KEY (flow_id, version)
      )`);
    await runner.query('CREATE INDEX flows_workspace_id ON flows (workspace_id)');

    await runner.query(`
      CREATE TABLE dead_letters (
        dead_letter_id text NOT NULL,
        log_partition integer NOT NULL,
        log_offset bigint NOT NULL,
        workspace_id text,
        trace_id text,
        service text NOT NULL,
        origin_topic text NOT NULL,
        origin_partition integer NOT NULL,
        origin_offset bigint NOT NULL,
        origin_timestamp timestamptz(3) NOT NULL,
        key text,
        error_code text NOT NULL,
        error_message text NOT NULL,
        attempts integer NOT NULL,
        at timestamptz(3) NOT NULL,
        status text NOT NULL DEFAULT 'open',
        settled_at timestamptz(3),
        CONSTRAINT dead_letters_pkey PRIMARY KEY (dead_letter_id)
      )`);
    await runner.query('CREATE INDEX dead_letters_status_at ON dead_letters (status, at)');
    await runner.query(
      'CREATE INDEX dead_letters_origin ON dead_letters (origin_topic, origin_partition, origin_offset)',
    );
    for (const column of ['workspace_id', 'key']) {
      await runner.query(
        `CREATE INDEX dead_letters_${column} ON dead_letters (${column}) WHERE ${column} IS NOT NULL`,
      );
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['dead_letters', 'flows', 'outcomes']) await runner.query(`DROP TABLE ${table}`);
  }
}

/** Ids that most outcomes do not have; their indexes leave the empty ones out. */
const SPARSE_LOOKUPS = [
  'trace_id',
  'connection_id',
  'entity_id',
  'entity_number',
  'record_id',
  'command_id',
  'message_sid',
];
