import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoot } from './lib/paths.ts';
import { sourceVendors } from './lib/source-vendors.ts';
import { UserError } from './lib/user-error.ts';
import type { InfrastructureUrls } from './infra/infrastructure.ts';
import type { Secrets } from './start/secrets.ts';
import { type SandboxVendors, vendorVariables } from './start/vendor-variables.ts';

/** What the services of one start have in common. */
export interface ServiceContext extends InfrastructureUrls {
  readonly secrets: Secrets;
  /** Base URL of the first instance of each service, without a trailing slash. */
  readonly urls: Readonly<Record<ServiceName, string>>;
  /** Every instance that is started, e.g. `mapper-2`, with its base URL. */
  readonly instances: readonly { readonly name: string; readonly url: string }[];
  /** Where services keep the local files of their stores; each instance has a folder of its own in it. */
  readonly stateFolder: string;
  /** The environment in which the person started: real vendors in it take the place of the sandbox's. */
  readonly environment: NodeJS.ProcessEnv;
  /** What the sandbox has of each vendor; empty until it has told. */
  readonly vendors: SandboxVendors;
  /** Where services find the vendors when not at the sandbox itself. */
  readonly vendorsUrl?: string;
}

/** The fetcher of the first vendor in the registry is called `fetcher`, the others `fetcher-<vendor>`. */
type FetcherName = 'fetcher' | `fetcher-${string}`;

export type ServiceName =
  'sandbox' | 'token-broker' | 'console' | 'ingress' | FetcherName | 'mapper' | 'twilio-sender';

/** One line of the table: how a service is started. */
export interface ServiceDefinition {
  readonly name: ServiceName;
  /** Folder in `apps`; its name, unless one app is started in several roles. */
  readonly app: string;
  /** The first instance listens on the port base plus this; each further one 100 higher. */
  readonly portOffset: number;
  /** Size of V8's semi-space where much garbage is made in a short time; see `start/instances.ts`. */
  readonly semiSpaceMiB?: number;
  /** It only tells what has happened: where processors are short, the others go first. */
  readonly givesWay?: boolean;
  /** More than this many make no sense, e.g. because all state is in the process. */
  readonly maxInstances: number;
  /** `first`: needs none of the infrastructure and starts beside it. */
  readonly stage: 'first' | 'after-setup';
  /** What token-broker lets this service ask for. */
  readonly permissions: readonly string[];
  /** Variables of this service beside those that `serviceEnvironment` gives to every one. */
  readonly variables: (context: ServiceContext) => Record<string, string>;
}

/** Instances are numbered in one digit: instance 10 would take ports of other services. */
const MANY = 9;

/**
 * Where records or requests wait some milliseconds for their transaction: in a small semi-space these outlive two collections and
 * fill the old generation. Measured with such a pattern: 1.7 s of CPU with 4 MiB, 1.0 s with 16, and less memory.
 */
const BUSY_SEMI_SPACE_MIB = 16;
/**
 * Where every event passes. A collection costs what is under way, not what it frees, so that fewer of them cost less (ingress: 10 % of
 * its CPU). It grows to this under load only.
 */
const EVERY_EVENT_SEMI_SPACE_MIB = 64;

export const services: readonly ServiceDefinition[] = [
  {
    name: 'sandbox',
    app: 'sandbox',
    portOffset: 3,
    maxInstances: 1,
    stage: 'first',
    permissions: [],
    variables: (context) => ({ PUBLIC_BASE_URL: context.urls.sandbox, INGRESS_URL: context.urls.ingress }),
  },
  {
    name: 'token-broker',
    app: 'token-broker',
    portOffset: 2,
    maxInstances: MANY,
    stage: 'after-setup',
    permissions: [],
    variables: (context) => ({
      ...kafka(context),
      ...vendors(context),
      DATABASE_URL: context.databaseUrl,
      // Vendors send the browser back there; Xero takes localhost for tests, but not 127.0.0.1.
      PUBLIC_BASE_URL: context.urls['token-broker'].replace('//127.0.0.1:', '//localhost:'),
      // Vendors post webhooks there.
      INGRESS_PUBLIC_URL: context.urls.ingress,
      LEDGERWIRE_SERVICE_TOKENS: JSON.stringify(grants(context.secrets)),
      LEDGERWIRE_OPERATOR_TOKEN: context.secrets.consoleToken,
      LEDGERWIRE_MASTER_KEYS: context.secrets.masterKeys,
    }),
  },
  {
    name: 'console',
    semiSpaceMiB: BUSY_SEMI_SPACE_MIB,
    givesWay: true,
    app: 'console',
    portOffset: 0,
    maxInstances: MANY,
    stage: 'after-setup',
    permissions: [],
    variables: (context) => ({
      ...kafka(context),
      ...tokenBroker(context),
      DATABASE_URL: context.databaseUrl,
      PUBLIC_BASE_URL: context.urls.console,
      CONSOLE_TOKEN: context.secrets.consoleToken,
      INGRESS_URL: context.urls.ingress,
      ...requeueToken(context),
      CONSOLE_SERVICES: context.instances.map(({ name, url }) => `${name}=${url}`).join(','),
    }),
  },
  {
    name: 'ingress',
    semiSpaceMiB: EVERY_EVENT_SEMI_SPACE_MIB,
    app: 'ingress',
    portOffset: 1,
    maxInstances: MANY,
    stage: 'after-setup',
    permissions: ['verification-keys:read', 'subscriptions:prove'],
    variables: (context) => ({
      ...kafka(context),
      ...tokenBroker(context),
      ...requeueToken(context),
      PUBLIC_BASE_URL: context.urls.ingress,
    }),
  },
  ...sourceVendors.map(fetcherOf),
  {
    name: 'mapper',
    semiSpaceMiB: EVERY_EVENT_SEMI_SPACE_MIB,
    app: 'mapper',
    portOffset: 12,
    maxInstances: MANY,
    stage: 'after-setup',
    permissions: [],
    variables: (context) => kafka(context),
  },
  {
    name: 'twilio-sender',
    semiSpaceMiB: EVERY_EVENT_SEMI_SPACE_MIB,
    app: 'twilio-sender',
    portOffset: 13,
    maxInstances: MANY,
    stage: 'after-setup',
    permissions: ['access-tokens:read', 'credentials:read'],
    variables: (context) => ({
      ...kafka(context),
      ...tokenBroker(context),
      ...vendors(context),
      // Twilio calls the status of a message back to ingress.
      PUBLIC_BASE_URL: context.urls.ingress,
    }),
  },
];

/** Every vendor whose books are read has a fetcher of its own, so that its trouble stays with it. */
function fetcherOf(vendor: string, index: number): ServiceDefinition {
  return {
    name: index === 0 ? 'fetcher' : `fetcher-${vendor}`,
    semiSpaceMiB: BUSY_SEMI_SPACE_MIB,
    app: 'fetcher',
    portOffset: index === 0 ? 11 : 20 + index,
    maxInstances: MANY,
    stage: 'after-setup',
    permissions: ['access-tokens:read', 'credentials:read'],
    variables: (context) => ({
      ...kafka(context),
      ...tokenBroker(context),
      ...vendors(context),
      FETCHER_VENDOR: vendor,
    }),
  };
}

/**
 * The compiled entry of an app.
 *
 * @throws UserError when the build has no such app.
 */
export function requireServiceEntry(name: string): string {
  const entry = join(repositoryRoot, 'dist', 'apps', name, 'src', 'main.js');
  if (existsSync(entry)) return entry;
  throw new UserError(
    `${entry} is missing: the build has no app "${name}". Run "npm run build" and try again.`,
  );
}

/** The whole environment of one instance: what the person's environment holds, then what this start decides. */
export function serviceEnvironment(
  service: ServiceDefinition,
  instance: number,
  port: number,
  context: ServiceContext,
): Record<string, string | undefined> {
  return {
    ...context.environment,
    PORT: String(port),
    HOST: '127.0.0.1',
    INSTANCE: `${service.name}-${instance}`,
    LOG_LEVEL: context.environment['LOG_LEVEL'] ?? 'info',
    LEDGERWIRE_STATE_FOLDER: join(context.stateFolder, `${service.name}-${instance}`),
    LEDGERWIRE_SERVICE_TOKEN: context.secrets.serviceTokens[service.name],
    ...service.variables(context),
  };
}

/** The setup job applies migrations, topics and schemas. */
export function setupEnvironment(context: ServiceContext): Record<string, string | undefined> {
  return { ...context.environment, ...kafka(context), DATABASE_URL: context.databaseUrl };
}

function kafka(context: ServiceContext): Record<string, string> {
  return { KAFKA_BROKERS: context.kafkaBrokers, SCHEMA_REGISTRY_URL: context.registryUrl };
}

function tokenBroker(context: ServiceContext): Record<string, string> {
  return { TOKEN_BROKER_URL: context.urls['token-broker'] };
}

/** What console shows to ingress; nobody else needs it. */
function requeueToken({ secrets }: ServiceContext): Record<string, string> {
  return { INGRESS_REQUEUE_TOKEN: secrets.serviceTokens['console'] ?? '' };
}

function vendors({ urls, vendorsUrl, vendors: known, environment }: ServiceContext): Record<string, string> {
  return vendorVariables(vendorsUrl ?? urls.sandbox, known, environment);
}

/** The form that token-broker reads: each service with its token and what it may ask for. */
function grants(secrets: Secrets): Record<string, { token: string; permissions: readonly string[] }> {
  const asking = services.filter(({ permissions }) => permissions.length > 0);
  return Object.fromEntries(
    asking.map(({ name, permissions }) => [name, { token: secrets.serviceTokens[name] ?? '', permissions }]),
  );
}
