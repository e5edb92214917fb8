export { type EpochMs } from './columns.js';
export { type DatabaseOptions } from './data-source.js';
export { Database, openDatabase } from './database.js';
export type { ApiCredential } from './entities/api-credential.entity.js';
export type { ConnectionRow, ConnectionStatus } from './entities/connection.entity.js';
export type { DeadLetterRow, DeadLetterStatus } from './entities/dead-letter.entity.js';
export type { FlowVersion } from './entities/flow-version.entity.js';
export type { Grant, GrantStatus } from './entities/grant.entity.js';
export type { OAuthState } from './entities/oauth-state.entity.js';
export type { OutcomeRow } from './entities/outcome.entity.js';
export type { ReplayFilter, ReplayRow, ReplaySpan, ReplayStatus } from './entities/replay.entity.js';
export type { ReauthorisationAlert } from './entities/reauthorisation-alert.entity.js';
export type { SubscriptionStatus, WebhookSubscription } from './entities/webhook-subscription.entity.js';
export { migrate, revertLastMigration } from './migrate.js';
export type { ApiCredentialStore } from './stores/api-credential.store.js';
export type { AuthorisationStore, ReauthorisationReason, Suspension } from './stores/authorisation.store.js';
export type { ConnectionChange, ConnectionStore } from './stores/connection.store.js';
export type {
  AccountOwner,
  ConsentResult,
  ConsentStore,
  NewAccount,
  NewGrant,
} from './stores/consent.store.js';
export type { DeadLetterFilter, DeadLetterStore } from './stores/dead-letter.store.js';
export type { FlowStore } from './stores/flow.store.js';
export { isDatabaseFailure, refusesData, refusesValue } from './database-failure.js';
export type { DueForRefresh, GrantStore, KeyUse, ResealedGrant, SealedTokens } from './stores/grant.store.js';
export type { ReplayProgress, ReplayStore } from './stores/replay.store.js';
export type { OAuthStateStore, StateUse } from './stores/oauth-state.store.js';
export type {
  NewOutcome,
  OutcomeCount,
  OutcomeCursor,
  OutcomeFilter,
  OutcomeStore,
  RefreshState,
} from './stores/outcome.store.js';
export type {
  SealedSecret,
  SubscriptionStep,
  WebhookSubscriptionStore,
} from './stores/webhook-subscription.store.js';
