import { z } from 'zod';
import { writePrivateJsonFile } from '../lib/json-file.ts';
import type { Secrets } from './secrets.ts';

const account = z.looseObject({
  connectionId: z.string(),
  accountId: z.string(),
  accessToken: z.string(),
  refreshToken: z.string(),
});

/** What the sandbox answers at `GET /__sandbox/clients`; more than this is passed on as it is. */
const clientsSchema = z.looseObject({
  servers: z.record(z.string(), z.record(z.string(), z.string())),
  vendors: z.record(
    z.string(),
    z.looseObject({
      apiBaseUrl: z.string(),
      authBaseUrl: z.string(),
      clientId: z.string(),
      clientSecret: z.string(),
      webhookKey: z.string(),
      accounts: z.array(account),
    }),
  ),
  twilio: z.looseObject({
    apiBaseUrl: z.string(),
    accountSid: z.string(),
    authToken: z.string(),
    apiKeySid: z.string(),
    apiKeySecret: z.string(),
  }),
});

/** Everything by which an outside client can drive the system: the content of `.ledgerwire/sandbox.json`. */
export type SandboxFileContent = z.infer<typeof clientsSchema> & {
  readonly ingressUrl: string;
  readonly consoleUrl: string;
  readonly consoleToken: string;
  readonly sandboxUrl: string;
};

/**
 * Asks the sandbox for its accounts and credentials and writes `sandbox.json`.
 *
 * @throws Error when the sandbox does not answer, or not in that shape.
 */
export async function writeSandboxFile(
  file: string,
  urls: Readonly<Record<'sandbox' | 'ingress' | 'console', string>>,
  secrets: Secrets,
): Promise<SandboxFileContent> {
  const response = await fetch(`${urls.sandbox}/__sandbox/clients`, { signal: AbortSignal.timeout(10_000) });
  if (!response.ok) throw new Error(`the sandbox answered ${response.status} to GET /__sandbox/clients`);
  const clients = clientsSchema.parse(await response.json());
  const content: SandboxFileContent = {
    ingressUrl: urls.ingress,
    consoleUrl: urls.console,
    consoleToken: secrets.consoleToken,
    sandboxUrl: urls.sandbox,
    ...clients,
  };
  writePrivateJsonFile(file, content);
  return content;
}
