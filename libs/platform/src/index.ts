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
