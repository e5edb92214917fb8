import { describe, expect, it } from 'vitest';
import {
  adviceFor,
  migrationRow,
  reportTable,
  schemaRow,
  setupReport,
  summaryLine,
  topicRow,
} from './report.js';

const good = setupReport([
  migrationRow('AuditTrail1', 'applied', ''),
  topicRow({ topic: 'records', state: 'created', details: [] }),
  topicRow({ topic: 'flows', state: 'settings-differ', details: ['segment.ms is 1, the catalogue says 2'] }),
  schemaRow({ subject: 'records-value', state: 'present', id: 7, detail: null }),
]);

describe('the report of the setup job', () => {
  it('is a table that marks what was done and what somebody should know', () => {
    expect(reportTable(good).split('\n')).toEqual([
      '+  migration  AuditTrail1    applied',
      '+  topic      records        created',
      '!  topic      flows          settings-differ  segment.ms is 1, the catalogue says 2',
      '   schema     records-value  present          id 7',
    ]);
    expect(summaryLine(good)).toBe('2 done, 1 there already, 1 notices, 0 problems');
    expect(good.ok).toBe(true);
  });

  it('is not ok when services would not work, and says what to do', () => {
    const bad = setupReport([
      topicRow({
        topic: 'records',
        state: 'partitions-differ',
        details: ['has 2 partitions, 4 are asked for'],
      }),
      schemaRow({
        subject: 'flows-value',
        state: 'incompatible',
        id: null,
        detail: 'field x has no default',
      }),
    ]);
    expect(bad.ok).toBe(false);
    expect(reportTable(bad)).toContain('x  schema  flows-value  incompatible');
    const advice = adviceFor(bad, false).join('\n');
    expect(advice).toContain('CHAIN_PARTITIONS');
    expect(advice).toContain('FULL_TRANSITIVE');
  });

  it('sends the operator of a check to the job itself', () => {
    const unprepared = setupReport([topicRow({ topic: 'records', state: 'missing', details: [] })]);
    expect(unprepared.ok).toBe(false);
    expect(adviceFor(unprepared, true)).toEqual(['Something is missing. Run the setup job without --check.']);
  });
});
