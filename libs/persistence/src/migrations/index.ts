import type { MigrationInterface } from 'typeorm';
import { Credentials1795219200000 } from './1795219200000-credentials.js';
import { AuditTrail1795219260000 } from './1795219260000-audit-trail.js';
import { Replays1795219320000 } from './1795219320000-replays.js';
import { ReplayTries1795255200000 } from './1795255200000-replay-tries.js';
import { RefreshState1795334400000 } from './1795334400000-refresh-state.js';
import { SetByHand1795338000000 } from './1795338000000-set-by-hand.js';
import { WebhookSubscriptions1795248000000 } from './1795248000000-webhook-subscriptions.js';

/** Every migration, oldest first. Append only: one that has run somewhere is never changed, a mistake gets a new one. */
export const migrations: (new () => MigrationInterface)[] = [
  Credentials1795219200000,
  AuditTrail1795219260000,
  Replays1795219320000,
  WebhookSubscriptions1795248000000,
  ReplayTries1795255200000,
  RefreshState1795334400000,
  SetByHand1795338000000,
];
