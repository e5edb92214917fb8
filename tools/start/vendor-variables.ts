import { sourceVendors } from '../lib/source-vendors.ts';
import { UserError } from '../lib/user-error.ts';

/** The sandbox's part of `sandbox.json` that services need: the credentials of our app at each vendor. */
export interface VendorApp {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly webhookKey: string;
}

/** What services must know of the sandbox's vendors before they start. */
export interface SandboxVendors {
  /** Where the sandbox has each server of each vendor: path by the key of `baseUrls` in the vendor's manifest. */
  readonly servers: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Our app at each vendor that has apps. */
  readonly apps: Readonly<Record<string, VendorApp>>;
}

/**
 * The variables by which services find the vendors (`LEDGERWIRE_<VENDOR>_<SERVER>_URL`) and know our app there
 * (`…_CLIENT_ID`, `…_CLIENT_SECRET`, `…_WEBHOOK_KEY`): the sandbox's, except for a vendor of which the person's own
 * environment names anything. That vendor is the real one, and nothing of the sandbox is mixed in.
 */
export function vendorVariables(
  sandboxUrl: string,
  { servers, apps }: SandboxVendors,
  environment: NodeJS.ProcessEnv,
): Record<string, string> {
  const all = Object.entries(servers).flatMap(([vendor, paths]) => {
    const prefix = variablePrefix(vendor);
    if (isReal(vendor, environment)) return [];
    const urls = Object.entries(paths).map(
      ([server, path]) => [`${prefix}${wordOf(server)}_URL`, sandboxUrl + path] as const,
    );
    return [...urls, ...credentials(prefix, apps[vendor])];
  });
  return Object.fromEntries(all);
}

/** True when the person's environment names a server or a credential of the vendor. */
export function isReal(vendor: string, environment: NodeJS.ProcessEnv): boolean {
  const prefix = variablePrefix(vendor);
  return Object.entries(environment).some(([name, value]) => name.startsWith(prefix) && value !== '');
}

/** Vendors of which the sandbox has a double: those whose books are read, and the one that sends. */
export const doubledVendors: readonly string[] = [...sourceVendors, 'twilio'];

/**
 * For commands that write into books and send messages by themselves: against the sandbox, and nothing else.
 *
 * @throws UserError when the environment puts a real vendor in the place of a double.
 */
export function requireSandbox(command: string, environment: NodeJS.ProcessEnv): void {
  const real = doubledVendors.filter((vendor) => isReal(vendor, environment));
  if (real.length === 0) return;
  const prefixes = real.map((vendor) => `${variablePrefix(vendor)}…`).join(' and ');
  throw new UserError(
    `${command} plays with the sandbox alone, and the environment names a real vendor. Unset ${prefixes} and start it again.`,
  );
}

function credentials(prefix: string, app: VendorApp | undefined): (readonly [string, string])[] {
  if (app === undefined) return [];
  return [
    [`${prefix}CLIENT_ID`, app.clientId],
    [`${prefix}CLIENT_SECRET`, app.clientSecret],
    [`${prefix}WEBHOOK_KEY`, app.webhookKey],
  ];
}

function variablePrefix(vendor: string): string {
  return `LEDGERWIRE_${wordOf(vendor)}_`;
}

function wordOf(name: string): string {
  return name.toUpperCase().replaceAll('-', '_');
}
