import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readTopics } from '#libs/streams';
import type { World } from '../world/world.ts';
import { TrailReader } from './evidence.ts';

/** A secret that must be nowhere, by the name under which it is reported: the report must not leak it either. */
export interface Canary {
  readonly name: string;
  readonly text: string;
}

export interface ScanResult {
  readonly bytes: number;
  readonly places: number;
  /** `<name> in <place>`. */
  readonly hits: readonly string[];
}

/** Looks for canaries in whatever it is shown. */
export class SecretScanner {
  private bytes = 0;
  private places = 0;
  private readonly found = new Set<string>();

  private readonly canaries: readonly Canary[];

  constructor(canaries: readonly Canary[]) {
    this.canaries = canaries;
    const short = canaries.find(({ text }) => text.length < 8);
    if (short) throw new RangeError(`${short.name} is too short to be told from other text`);
  }

  /** A place may be shown in pieces; a secret that is cut in two between them is not found. */
  look(place: string, content: Buffer | string): void {
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    this.bytes += bytes.length;
    for (const { name, text } of this.canaries)
      if (bytes.includes(text)) this.found.add(`${name} in ${place}`);
  }

  /** Counts a place that was looked at whole. */
  done(): void {
    this.places += 1;
  }

  result(): ScanResult {
    return { bytes: this.bytes, places: this.places, hits: [...this.found].toSorted() };
  }
}

/** I7: logs, topics, metrics, the console's answers and the tables of the trail. */
export async function scanForSecrets(world: World): Promise<ScanResult> {
  const scanner = new SecretScanner(await canariesOf(world));
  scanLogs(world, scanner);
  await scanTopics(world, scanner);
  await scanAnswers(world, scanner);
  await scanTables(world, scanner);
  return scanner.result();
}

/** The same for canaries of a fault's own; `secret` ones may be nowhere, `personal` data may be in topics, where it has to be. */
export async function scanForCanaries(
  world: World,
  canaries: { readonly secret: readonly Canary[]; readonly personal: readonly Canary[] },
): Promise<ScanResult> {
  const everything = new SecretScanner([...canaries.secret, ...canaries.personal]);
  scanLogs(world, everything);
  await scanAnswers(world, everything);
  await scanTables(world, everything);
  const topics = new SecretScanner(canaries.secret);
  await scanTopics(world, topics);
  const [outside, inside] = [everything.result(), topics.result()];
  return {
    bytes: outside.bytes + inside.bytes,
    places: outside.places + inside.places,
    hits: [...outside.hits, ...inside.hits],
  };
}

function scanLogs({ logs }: World, scanner: SecretScanner): void {
  for (const file of readdirSync(logs)) {
    scanner.look(`log ${file}`, readFileSync(join(logs, file)));
    scanner.done();
  }
}

async function scanTopics({ infrastructure }: World, scanner: SecretScanner): Promise<void> {
  const topics = new Set<string>();
  await readTopics(
    infrastructure.direct.kafkaBrokers,
    () => true,
    ({ topic, key, value, headers }) => {
      topics.add(topic);
      for (const part of [key, value, ...headers.map(([, header]) => header)])
        if (part) scanner.look(`topic ${topic}`, part);
    },
  );
  for (const _topic of topics) scanner.done();
}

async function scanAnswers({ system }: World, scanner: SecretScanner): Promise<void> {
  const { context, sandbox } = system;
  const urls = [
    ...context.instances
      .filter(({ name }) => !name.startsWith('sandbox'))
      .flatMap(({ url }) => [`${url}/metrics`, `${url}/health/ready`, `${url}/no/such/page`]),
    ...['/api/outcomes', '/api/flows', '/api/dead-letters', '/'].map((path) => context.urls.console + path),
    `${context.urls['token-broker'].replace('//localhost:', '//127.0.0.1:')}/connections`,
  ];
  for (const url of urls) {
    const response = await fetch(url, {
      headers: { authorization: `Bearer ${sandbox.consoleToken}` },
      signal: AbortSignal.timeout(10_000),
    });
    scanner.look(`answer of ${url}`, Buffer.from(await response.arrayBuffer()));
    scanner.done();
  }
}

async function scanTables({ infrastructure }: World, scanner: SecretScanner): Promise<void> {
  const reader = new TrailReader(infrastructure.direct.databaseUrl);
  const tables = await reader.query<{ name: string }>(
    `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public' AND table_type = 'BASE TABLE'`,
    [],
  );
  for (const { name } of tables) {
    const rows = await reader.query<{ text: string }>(`SELECT t::text AS text FROM "${name}" t`, []);
    for (const { text } of rows) scanner.look(`table ${name}`, text);
    scanner.done();
  }
}

/** Everything that opens a door: of our app at the vendors, of the customers' accounts, of the services among themselves. */
async function canariesOf({ system, sandbox }: World): Promise<Canary[]> {
  const { secrets } = system.context;
  const xero = system.sandbox.vendors['xero'];
  const { authToken, apiKeySecret } = system.sandbox.twilio;
  const services = Object.entries(secrets.serviceTokens).map(([name, text]) => ({
    name: `token of ${name}`,
    text,
  }));
  const keys = secrets.masterKeys.split(',').map((key, i) => ({
    name: `master key ${i + 1}`,
    text: key.split(':')[1] ?? key,
  }));
  const tokens = (await sandbox.accounts()).map(({ accessToken }, i) => ({
    name: `access token ${i + 1}`,
    text: accessToken,
  }));
  return [
    ...services,
    ...keys,
    ...tokens,
    { name: "operator's token", text: secrets.consoleToken },
    { name: 'client secret of Xero', text: xero?.clientSecret ?? '' },
    { name: 'webhook key of Xero', text: xero?.webhookKey ?? '' },
    { name: 'auth token of Twilio', text: authToken },
    { name: 'API key secret of Twilio', text: apiKeySecret },
    // Access and refresh tokens of the product itself begin like every signed token of the double.
    { name: 'an RS256 token', text: 'eyJhbGciOiJSUzI1NiIs' },
  ];
}
