import type { AccountingRecord } from '#libs/contracts';
import type { SkipReason } from '../events/skip-reasons.js';
import { isGone, isSettled, stageOf } from '../events/stages.js';
import type { RecordTrigger } from '../events/triggers.js';

/**
 * What is true now counts: nobody is asked for money that he has paid, or for approval of what was approved. Why an event
 * is not announced in the record's present state; null when it still may be.
 */
export function whyMeanwhile(trigger: RecordTrigger, record: AccountingRecord): SkipReason | null {
  switch (trigger) {
    case 'invoice.voided':
      return stageOf(record) === 'void' ? null : 'changed-meanwhile';
    case 'invoice.paid':
      return stageOf(record) === 'paid' ? null : 'changed-meanwhile';
    case 'bill.awaiting-approval':
      if (isGone(record)) return 'voided-meanwhile';
      return record.invoice?.status === 'submitted' ? null : 'changed-meanwhile';
    case 'invoice.issued':
    case 'invoice.sent':
      if (isGone(record)) return 'voided-meanwhile';
      return isSettled(record) ? 'paid-meanwhile' : null;
    default:
      return isGone(record) ? 'voided-meanwhile' : null;
  }
}
