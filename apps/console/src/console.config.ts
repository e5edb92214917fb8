import { z } from 'zod';
import {
  databaseConfig,
  httpUrl,
  kafkaConfig,
  optionalSecretVariable,
  registryConfig,
  stateConfig,
  secretVariable,
  variable,
  wholeNumber,
} from '#libs/platform';

/** A service whose health the console shows. */
export interface WatchedService {
  readonly name: string;
  /** Base URL, without a trailing slash. */
  readonly url: string;
}

/** Who may use the console, and what it watches. */
export const operatorConfig = z.object({
  token: secretVariable(
    'CONSOLE_TOKEN',
    'The token of operators: bearer token of the API and password of the page',
  ),
  sessionHours: variable(
    'CONSOLE_SESSION_HOURS',
    'How long a browser stays signed in',
    wholeNumber(1, 720).default(12),
  ),
  watched: variable(
    'CONSOLE_SERVICES',
    'Services whose health the console shows: name=URL, separated by commas',
    z.string().default('').transform(watchedServices),
  ),
});

/** How long the trail remembers. */
const trailConfig = z.object({
  retentionDays: variable(
    'CONSOLE_TRAIL_RETENTION_DAYS',
    'How long outcomes and the index of dead letters are kept; their topics keep them for 90 days whatever this says',
    wholeNumber(90, 36_500).default(400),
  ),
});

/** Where webhooks that were set aside are handed in again. */
export const ingressConfig = z.object({
  url: variable(
    'INGRESS_URL',
    'Base URL of ingress inside the system; unset, webhooks that were set aside cannot be requeued',
    httpUrl().optional(),
  ),
  token: optionalSecretVariable('INGRESS_REQUEUE_TOKEN', 'Bearer token by which ingress knows console'),
});

/** Configuration of console; `http` and `log` come by themselves. */
export const consoleConfig = z.object({
  kafka: kafkaConfig,
  registry: registryConfig,
  state: stateConfig,
  database: databaseConfig,
  operator: operatorConfig,
  trail: trailConfig,
  ingress: ingressConfig,
});

function watchedServices(text: string, context: z.RefinementCtx): readonly WatchedService[] {
  const entries = text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
  return entries.flatMap((entry): WatchedService[] => {
    const [, name, url] = /^([\w.-]+)=(https?:\/\/\S+)$/.exec(entry) ?? [];
    if (name !== undefined && url !== undefined && URL.canParse(url))
      return [{ name, url: url.replace(/\/+$/, '') }];
    context.addIssue({ code: 'custom', message: 'must be name=http://host:port, separated by commas' });
    return [];
  });
}
