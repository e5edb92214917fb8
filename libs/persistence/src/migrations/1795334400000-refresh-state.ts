import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How refreshing goes is asked for with every list of connections, and is a handful among millions of outcomes. */
export class RefreshState1795334400000 implements MigrationInterface {
  readonly name = 'RefreshState1795334400000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      "CREATE INDEX outcomes_refresh ON outcomes (connection_id, at) WHERE status LIKE 'refresh-%'",
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX outcomes_refresh');
  }
}
