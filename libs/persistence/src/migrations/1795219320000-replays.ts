import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What console needs to replay: the replays themselves, and which outcomes a dry run brought. */
export class Replays1795219320000 implements MigrationInterface {
  readonly name = 'Replays1795219320000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE outcomes ADD COLUMN replay_id text');
    await runner.query('CREATE INDEX outcomes_replay_id ON outcomes (replay_id) WHERE replay_id IS NOT NULL');
    await runner.query(`
      CREATE TABLE replays (
        replay_id text NOT NULL,
        topic text NOT NULL,
        mode text NOT NULL,
        reason text NOT NULL,
        filter jsonb NOT NULL,
        spans jsonb NOT NULL,
        status text NOT NULL,
        read bigint NOT NULL,
        replayed bigint NOT NULL,
        problem text,
        created_at timestamptz(3) NOT NULL,
        ended_at timestamptz(3),
        CONSTRAINT replays_pkey PRIMARY KEY (replay_id)
      )`);
    await runner.query('CREATE INDEX replays_status ON replays (status, created_at)');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE replays');
    await runner.query('ALTER TABLE outcomes DROP COLUMN replay_id');
  }
}
