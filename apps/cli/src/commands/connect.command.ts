import type { Call, Command } from '../command.js';
import { CliError, UsageError } from '../cli-error.js';
import { askForKeys } from '../connect/ask-for-keys.js';
import { connectByConsent } from '../connect/connect-by-consent.js';
import { describeSetup, setupsOf } from '../connect/webhook-setup.js';
import { workspaceOf } from '../connect/workspace-of.js';
import type { BrokerApi, VendorAnswer } from '../http/broker-api.js';
import type { ConnectionAnswer } from '../http/console-answers.js';
import { facts } from '../output/table.js';

/** Connects an account. */
export const connectCommand: Command = {
  name: 'connect',
  summary: 'Connect an account: by a link for its owner, or by API keys',
  positionals: ['<vendor>'],
  options: {
    workspace: { value: 'ID', about: 'to which it belongs; not needed where there is only one' },
    wait: {
      value: 'MINUTES',
      about: 'how long to wait for the owner; 15 when not given, 0: only print the link',
    },
    'may-write': { about: 'ask the owner for the right to write too, e.g. opt-outs into the books' },
    setting: {
      value: 'NAME=VALUE',
      about: 'a setting of the connection, for vendors with API keys',
      multiple: true,
    },
    'webhook-setup': { about: 'connect nothing; show what to enter at the vendor so that it sends webhooks' },
  },
  notes: `With a vendor that asks for consent, the printed link is for whoever may speak for the account; this command waits until
the account is connected and, where the vendor keeps webhook subscriptions, until they work.
With API keys, each is asked for without being shown; in scripts they come from variables, e.g. for twilio
LEDGERWIRE_TWILIO_ACCOUNT_SID and LEDGERWIRE_TWILIO_AUTH_TOKEN (or <NAME>_FILE).
To authorise a connection again: the same command again.`,
  async run(call) {
    const { args, broker } = call;
    const vendor = await vendorOf(broker, args.word(0, '<vendor>'));
    if (args.flag('webhook-setup')) {
      const setups = await setupsOf(broker, vendor, args.text('workspace'));
      call.show({ setups }, () => describeSetup(setups, call.addresses.ingressUrl()));
      return;
    }
    const workspaceId = await workspaceOf(call);
    if (vendor.auth === 'keys') {
      const settings = settingsOf(args.texts('setting'));
      const credentials = await askForKeys(call.surroundings, vendor);
      const connection = await broker.connectWithKeys({
        vendor: vendor.id,
        workspaceId,
        credentials,
        settings,
      });
      return connected(call, vendor, connection);
    }
    if (args.texts('setting').length > 0) {
      throw new UsageError(`${vendor.name} is connected by consent, which has no settings.`);
    }
    const connections = await connectByConsent(call, vendor, workspaceId);
    for (const connection of connections) connected(call, vendor, connection);
  },
};

async function vendorOf(broker: BrokerApi, id: string): Promise<VendorAnswer> {
  const vendors = await broker.vendors();
  const vendor = vendors.find((one) => one.id === id.toLowerCase());
  if (!vendor) {
    throw new UsageError(
      `There is no vendor “${id}”. There are: ${vendors.map((one) => one.id).join(', ')}.`,
    );
  }
  if (vendor.configured) return vendor;
  throw new CliError(
    `${vendor.name} cannot be connected yet: token-broker needs ${vendor.variables.join(', ')}. docs/vendors/${vendor.id}.md says where they come from.`,
  );
}

function settingsOf(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const [, name, value] = /^([^=]+)=([^]*)$/.exec(text) ?? [];
      if (name === undefined || value === undefined) throw new UsageError('--setting must be NAME=VALUE.');
      return [name, value];
    }),
  );
}

function connected(call: Call, vendor: VendorAnswer, connection: ConnectionAnswer): void {
  call.show(connection, () =>
    facts([
      ['connected', `${vendor.name}: ${connection.displayName}`],
      ['connection', connection.connectionId],
      ['workspace', connection.workspaceId],
      ['status', connection.status],
    ]),
  );
}
