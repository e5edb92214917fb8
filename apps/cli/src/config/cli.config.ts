import { z } from 'zod';
import { httpUrl, optionalSecretVariable, variable } from '#libs/platform';

/** Where the services are; what is unset is looked for in `.ledgerwire`. */
export const cliConfig = z.object({
  consoleUrl: variable('LEDGERWIRE_CONSOLE_URL', 'Base URL of the console', httpUrl().optional()),
  consoleToken: optionalSecretVariable('LEDGERWIRE_CONSOLE_TOKEN', "The console's operator token"),
  brokerUrl: variable('LEDGERWIRE_TOKEN_BROKER_URL', 'Base URL of token-broker', httpUrl().optional()),
  brokerToken: optionalSecretVariable('LEDGERWIRE_OPERATOR_TOKEN', "Token-broker's operator token"),
});
