export type * from './contract.js';
export {
  accessTokenAnswer,
  type AccessTokenAnswer,
  accessTokenQuestion,
  type AccessTokenQuestion,
  credentialsAnswer,
  type CredentialsAnswer,
  tokenPaths,
  verificationKeysAnswer,
  type VerificationKeysAnswer,
} from './token-protocol.js';
export { VendorError, type VendorErrorDetails } from './vendor-error.js';
export { baseUrlsOf, createVendorRegistry, type VendorRegistry } from './vendor-registry.js';
export {
  changeNoticeOf,
  communicationOf,
  deliveryReportOf,
  noticeIdOf,
  polledReportOf,
  routePath,
  webhookRoot,
} from './webhook-records.js';
