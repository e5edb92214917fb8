import twilio from 'twilio';
import type { SandboxUnderTest, TestClients } from '../../../testing/sandbox-under-test.js';

type Client = ReturnType<typeof twilio>;
type Options = Parameters<InstanceType<typeof twilio.RequestClient>['request']>[0];

/** Where Twilio's hosts are in the sandbox. */
const HOSTS: Readonly<Record<string, string>> = {
  'api.twilio.com': '/twilio',
  'messaging.twilio.com': '/twilio-messaging',
  'sync.twilio.com': '/twilio-sync',
  'accounts.twilio.com': '/twilio-accounts',
  'events.twilio.com': '/twilio-events',
};

/** The official SDK, unchanged, over a client that replaces the origin of each request. */
export function twilioSdk(
  sandbox: SandboxUnderTest,
  { accountSid }: TestClients['twilio'],
  user: string,
  password: string,
): Client {
  const inner = new twilio.RequestClient({ keepAlive: false });
  const httpClient = {
    request: (options: Options) => {
      const url = new URL(options.uri);
      const prefix = HOSTS[url.hostname];
      const uri = prefix === undefined ? options.uri : sandbox.url + prefix + url.pathname + url.search;
      return inner.request({ ...options, uri });
    },
  };
  return twilio(user, password, {
    accountSid,
    httpClient: httpClient as InstanceType<typeof twilio.RequestClient>,
  });
}
