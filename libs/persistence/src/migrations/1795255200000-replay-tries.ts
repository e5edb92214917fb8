import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What operators see of a replay whose step fails, and of a dry run over notices. */
export class ReplayTries1795255200000 implements MigrationInterface {
  readonly name = 'ReplayTries1795255200000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE replays
        ADD COLUMN attempts integer NOT NULL DEFAULT 0,
        ADD COLUMN next_try_at timestamptz(3),
        ADD COLUMN unanswered bigint NOT NULL DEFAULT 0`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(
      'ALTER TABLE replays DROP COLUMN attempts, DROP COLUMN next_try_at, DROP COLUMN unanswered',
    );
  }
}
