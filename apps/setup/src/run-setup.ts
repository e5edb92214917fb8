import { LedgerwireError, systemClock } from '#libs/core';
import { type Environment, loadConfig } from '#libs/platform';
import { KafkaClient, kafkaOptionsOf, RegistryAdmin, registryOptionsOf, TopicAdmin } from '#libs/streams';
import { vendors } from '#libs/vendors';
import { adviceFor, reportTable, summaryLine } from './report.js';
import { setUp, type SetupParts } from './setup.js';
import { type SetupConfig, setupConfig } from './setup.config.js';

/** What was asked for on the command line. */
export interface SetupCommand {
  readonly check: boolean;
  readonly json: boolean;
}

/** Where the job writes: the report to `out`, everything else to `err`. */
export interface SetupOutput {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}

/** Runs the job and answers with its exit code; every failure becomes a message with what to do. */
export async function runSetup(
  command: SetupCommand,
  output: SetupOutput,
  environment?: Environment,
): Promise<0 | 1> {
  try {
    const { config } = loadConfig(setupConfig, environment);
    const report = await setUp(partsOf(config, output), command.check);
    output.out(command.json ? `${JSON.stringify(report, null, 2)}\n` : `${reportTable(report)}\n`);
    output.err(`setup: ${summaryLine(report)}\n`);
    for (const advice of adviceFor(report, command.check)) output.err(`\n${advice}\n`);
    return report.ok ? 0 : 1;
  } catch (error) {
    if (!(error instanceof LedgerwireError)) throw error;
    output.err(`setup: ${error.message}\n`);
    return 1;
  }
}

function partsOf(config: SetupConfig, output: SetupOutput): SetupParts {
  const { kafka, registry, database, topics } = config;
  const client = new KafkaClient({ ...kafkaOptionsOf(kafka), clientId: 'ledgerwire-setup' });
  return {
    database: { url: database.url.reveal(), applicationName: 'setup' },
    topicAdmin: new TopicAdmin(client),
    registryAdmin: new RegistryAdmin(registryOptionsOf(registry)),
    vendors: enabledVendors(topics.vendors),
    layout: topics,
    waiting: {
      clock: systemClock,
      limitMs: config.waitSeconds * 1_000,
      say: (message) => output.err(`setup: ${message}\n`),
    },
  };
}

/** Vendors that books are read from have topics of their own. */
function enabledVendors(chosen: readonly string[] | undefined): string[] {
  const definitions = chosen?.map((id) => vendors.get(id)) ?? vendors.all;
  return definitions.filter((definition) => definition.source).map((definition) => definition.manifest.id);
}
