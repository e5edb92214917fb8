import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which facts of a connection an operator has set, so that connecting the account again does not undo them. */
export class SetByHand1795338000000 implements MigrationInterface {
  readonly name = 'SetByHand1795338000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE connections ADD COLUMN set_by_hand text[] NOT NULL DEFAULT '{}'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE connections DROP COLUMN set_by_hand');
  }
}
