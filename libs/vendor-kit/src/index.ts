export { BatchLoader, type BatchLoaderOptions } from './batch-loader.js';
export type { BreakerReport } from './breaker/breaker-set.js';
export type { LimitUsage } from './limits/connection-limiter.js';
export { type BreakerOptions, defaultBreakerOptions } from './breaker/connection-breaker.js';
export { conformanceChecks } from './conformance/conformance.js';
export type {
  ConformanceCheck,
  EntitySample,
  ErrorSample,
  Provenance,
  VendorSamples,
  WebhookSample,
} from './conformance/samples.js';
export type * from './contract.js';
export { countryCodeOf } from './country-codes.js';
export { badAnswer, readJsonAnswer } from './error-classifier.js';
export { type FaultPoints, noFaultPoints } from './fault-points.js';
export { decimalText, parseExactJson } from './http/exact-json.js';
export { retryAfterMsOf, wholeNumberOf } from './http/retry-after.js';
export { type HttpTransport, TransportFailure, type TransportRequest } from './http/http-transport.js';
export { UndiciTransport, type UndiciTransportOptions } from './http/undici-transport.js';
export { deliveryFailureOf, type MessageFailure, messageFailureOf } from './message-error.js';
export { authorizeQuery, codeGrant, oauthTokenAnswer, tokenSetOf } from './oauth2.js';
export { RawFields } from './raw-fields.js';
export { pollIntervalMsOf, sourceSettings, wholeNumberText } from './source-settings.js';
export { answeringCall, type Reply } from './testing/answering-call.js';
export { plainConnection } from './testing/plain-connection.js';
export {
  accessTokenAnswer,
  type AccessTokenAnswer,
  accessTokenQuestion,
  type AccessTokenQuestion,
  type AccountGoneAnswer,
  credentialsAnswer,
  type CredentialsAnswer,
  subscriptionProof,
  tokenPaths,
  verificationKeysAnswer,
  type VerificationKeysAnswer,
} from './token-protocol.js';
export {
  requeueAnswer,
  type RequeueAnswer,
  requeuePath,
  requeueQuestion,
  type RequeueQuestion,
} from './requeue-protocol.js';
export { TokenClient, type TokenClientOptions } from './tokens/token-client.js';
export type { ProofReceiver, TokenSource, VerificationKeySource } from './tokens/token-source.js';
export { createVendorMetrics, noVendorMetrics, type VendorMetrics } from './vendor.metrics.js';
export { VendorError, type VendorErrorDetails } from './vendor-error.js';
export { baseUrlsOf, createVendorRegistry, type VendorRegistry } from './vendor-registry.js';
export { type CallOptions, VendorRuntime, type VendorRuntimeOptions } from './vendor-runtime.js';
export {
  changeNoticeOf,
  communicationOf,
  deliveryReportOf,
  noticeIdOf,
  polledReportOf,
  routeOf,
  routePath,
  webhookRoot,
} from './webhook-records.js';
export { signatureEquals } from './webhook-signature.js';
