import { CliError } from '../cli-error.js';
import type { BrokerApi, VendorAnswer } from '../http/broker-api.js';
import { facts } from '../output/table.js';

/** What a person enters at the vendor for one connection. */
interface Setup {
  readonly connectionId: string;
  readonly displayName: string;
  readonly paths: readonly string[];
  readonly secret: string;
}

/** @throws CliError when nothing of the vendor is connected; ApiRefusal when there is nothing to set up by hand. */
export async function setupsOf(
  broker: BrokerApi,
  vendor: VendorAnswer,
  workspaceId: string | undefined,
): Promise<readonly Setup[]> {
  const connections = (await broker.connections(workspaceId)).filter(
    (one) => one.vendor === vendor.id && one.status !== 'disconnected',
  );
  if (connections.length === 0) {
    throw new CliError(`No account of ${vendor.name} is connected. First: ledgerwire connect ${vendor.id}`);
  }
  return Promise.all(
    connections.map(async ({ connectionId, displayName }) => {
      const { paths, secret } = await broker.webhookSetup(connectionId);
      return { connectionId, displayName, paths, secret };
    }),
  );
}

/** The setups as people need them; the secret is shown, since this is what they asked for. */
export function describeSetup(setups: readonly Setup[], ingressUrl: string | undefined): string {
  const base = ingressUrl ?? '<public URL of ingress>';
  return setups
    .map(({ connectionId, displayName, paths, secret }) =>
      facts([
        ['for', `${displayName} (${connectionId})`],
        ...paths.map((path) => ['URL', base + path] as const),
        ['secret', secret],
      ]),
    )
    .join('\n\n');
}
