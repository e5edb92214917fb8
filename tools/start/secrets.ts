import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { readJsonFile, writePrivateJsonFile } from '../lib/json-file.ts';

const schema = z.object({
  /** Bearer tokens by which token-broker knows each service. */
  serviceTokens: z.record(z.string(), z.string()),
  /** `keyId:base64key[,keyId:base64key…]`, the newest first; encrypts the credentials in PostgreSQL. */
  masterKeys: z.string(),
  /** Bearer token of the operator's API. */
  consoleToken: z.string(),
});

/** What a start makes up once and keeps, so that the credentials in a kept database stay readable. */
export type Secrets = Readonly<z.infer<typeof schema>>;

/**
 * Reads the secrets of this checkout, adding what is missing: all of them on the first start, one token for a service
 * that is new. The file is readable by its owner only.
 *
 * @throws UserError when the file is not what this program wrote.
 */
export function loadSecrets(file: string, serviceNames: readonly string[]): Secrets {
  const known = readJsonFile(file, schema.partial()) ?? {};
  const token = (): string => randomBytes(32).toString('base64url');
  const secrets = {
    serviceTokens: Object.fromEntries(
      serviceNames.map((name) => [name, known.serviceTokens?.[name] ?? token()]),
    ),
    masterKeys: known.masterKeys ?? `k1:${randomBytes(32).toString('base64')}`,
    consoleToken: known.consoleToken ?? token(),
  };
  writePrivateJsonFile(file, secrets);
  return secrets;
}
