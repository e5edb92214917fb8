import { loadConfig, type Environment, type Secret } from '#libs/platform';
import { CliError } from '../cli-error.js';
import { cliConfig } from './cli.config.js';
import { findRunningStart, type RunningStart } from './running-start.js';

/** A service that is called, and the token for it. */
export interface Address {
  readonly url: string;
  readonly token: Secret;
  /** Where both came from, for messages. */
  readonly source: string;
}

/** Where the services are. Looked up when first needed, so that help and tests of files need none. */
export class Addresses {
  private start: RunningStart | null | undefined;

  constructor(
    private readonly environment: Environment | undefined,
    private readonly folder: string,
  ) {}

  /** @throws CliError, ConfigError */
  console(): Address {
    const { consoleUrl, consoleToken } = this.config();
    return this.addressOf('console', consoleUrl, consoleToken, [
      'LEDGERWIRE_CONSOLE_URL',
      'LEDGERWIRE_CONSOLE_TOKEN',
    ]);
  }

  /** @throws CliError, ConfigError */
  broker(): Address {
    const { brokerUrl, brokerToken } = this.config();
    return this.addressOf('broker', brokerUrl, brokerToken, [
      'LEDGERWIRE_TOKEN_BROKER_URL',
      'LEDGERWIRE_OPERATOR_TOKEN',
    ]);
  }

  /** Under which vendors reach ingress, where a running start says so. */
  ingressUrl(): string | undefined {
    return this.running()?.ingressUrl;
  }

  private config() {
    return loadConfig(cliConfig, this.environment).config;
  }

  private addressOf(
    service: 'console' | 'broker',
    url: string | undefined,
    token: Secret | undefined,
    names: readonly [url: string, token: string],
  ): Address {
    if (url !== undefined && token !== undefined) return { url, token, source: names.join(' and ') };
    // A token of one installation must not go to another one's address.
    if (url !== undefined || token !== undefined) {
      const [set, unset] = url === undefined ? [names[1], names[0]] : names;
      throw new CliError(`${set} is set and ${unset} is not; set both.`);
    }
    const running = this.running()?.[service];
    if (running) return running;
    throw new CliError(
      `It is not known where ${service === 'console' ? 'the console' : 'token-broker'} is. Set ${names.join(' and ')}, or run this in the folder in which "npm start" is running.`,
    );
  }

  private running(): RunningStart | undefined {
    this.start ??= findRunningStart(this.folder) ?? null;
    return this.start ?? undefined;
  }
}
