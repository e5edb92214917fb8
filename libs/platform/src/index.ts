export { OPERATOR_TOKEN, operatorConfig, OperatorTokenGuard } from './auth/operator-token.guard.js';
export { bearerTokenOf, sameToken } from './auth/bearer.js';
export { Caller, RequirePermission, SERVICE_GRANTS, ServiceTokenGuard } from './auth/service-token.guard.js';
export { type ServiceCaller, type ServiceGrant, serviceTokensConfig } from './auth/service-tokens.js';
export { ConfigError, type ConfigProblem } from './config/config-error.js';
export {
  type ConfigRow,
  configTable,
  describeConfig,
  summarizeConfig,
  undocumentedVariables,
} from './config/describe-config.js';
export { type Environment, loadConfig, type LoadedConfig } from './config/load-config.js';
export { Secret } from './config/secret.js';
export {
  databaseConfig,
  httpConfig,
  kafkaConfig,
  logConfig,
  registryConfig,
  stateConfig,
  tokenBrokerClientConfig,
} from './config/slices.js';
export {
  commaList,
  type ConfigSchema,
  flag,
  httpUrl,
  optionalSecretVariable,
  parsedSecretVariable,
  secretVariable,
  variable,
  wholeNumber,
} from './config/variables.js';
export {
  type HealthIndicator,
  HealthRegistry,
  type HealthReport,
  type HealthResult,
} from './health/health-registry.js';
export {
  createLogger,
  type LogFields,
  type Logger,
  type LoggerOptions,
  silentLogger,
} from './logging/logger.js';
export { NestLogger } from './logging/nest-logger.js';
export { Scrubber } from './logging/scrubber.js';
export { type SerializedError, serializeError } from './logging/serialize-error.js';
export { RawBody } from './service/body-parsers.js';
export {
  Lifecycle,
  type ServiceState,
  type ShutdownLimits,
  type ShutdownPhase,
} from './service/lifecycle.js';
export { runService } from './service/process.js';
export {
  type PlatformConfig,
  type RunningService,
  type ServiceConfig,
  type ServiceDefinition,
  serviceSchema,
  type ServiceSurroundings,
  startService,
} from './service/run-service.js';
export type { ServiceContext } from './service/service-context.js';
export { CLOCK, LOGGER, METRICS_REGISTRY, SERVICE_CONFIG } from './service/tokens.js';
export {
  childOf,
  formatTraceparent,
  type HeaderBag,
  parseTraceparent,
  startTrace,
  type TraceContext,
  traceFromHeaders,
  traceHeaders,
} from './trace/trace-context.js';
export { currentTrace, runInTrace } from './trace/trace-scope.js';
export { metricFaults, metricLabels } from './metrics/metric-rules.js';
