import type { TruthLedger } from '../../../kit/truth-ledger.js';
import type { SyncService, SyncStore } from './sync-store.js';

/** What the Sync routes share. */
export interface SyncContext {
  readonly store: SyncStore;
  readonly ledger: TruthLedger;
  readonly accountSid: string;
  /** Scheme and host under which `sync.twilio.com` is mounted. */
  readonly baseUrl: () => string;
}

/** Where a service is. */
export function serviceUrl(context: SyncContext, service: SyncService): string {
  return `${context.baseUrl()}/v1/Services/${service.sid}`;
}
