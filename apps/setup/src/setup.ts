import { subjectOf, type Topic } from '#libs/contracts';
import { codeOf, LedgerwireError } from '#libs/core';
import { type DatabaseOptions, migrate, openDatabase } from '#libs/persistence';
import type { RegistryAdmin, TopicAdmin } from '#libs/streams';
import { migrationRow, schemaRow, type SetupReport, setupReport, type SetupRow, topicRow } from './report.js';
import { plannedTopics, replicationOf, topicPlan } from './topic-plan.js';
import { type Waiting, whenReady } from './waiting.js';

/** What the job works on. */
export interface SetupParts {
  readonly database: DatabaseOptions;
  readonly topicAdmin: TopicAdmin;
  readonly registryAdmin: RegistryAdmin;
  readonly vendors: readonly string[];
  readonly layout: {
    readonly chainPartitions: number;
    readonly replicationFactor?: number | undefined;
    readonly minInsyncReplicas?: number | undefined;
  };
  readonly waiting: Waiting;
}

/**
 * Prepares a deployment, or with `checkOnly` looks whether it is prepared. Everything is done in an order in which a failure
 * leaves nothing half made that the next run would not complete; running it again does nothing.
 * @throws LedgerwireError when a dependency does not answer in time or refuses what is asked.
 */
export async function setUp(parts: SetupParts, checkOnly: boolean): Promise<SetupReport> {
  const topics = await topicRows(parts, checkOnly);
  // Without its topics nothing can run: what comes after them would only hide the explanation.
  if (!checkOnly && topics.some((row) => row.verdict === 'problem')) return setupReport(topics);
  const migrations = checkOnly ? await pendingMigrations(parts) : await applyMigrations(parts);
  const schemas = await schemaRows(parts, checkOnly);
  return setupReport([...migrations, ...topics, ...schemas]);
}

async function topicRows(parts: SetupParts, checkOnly: boolean): Promise<SetupRow[]> {
  const { topicAdmin, layout, vendors } = parts;
  await whenReady('Kafka', parts.waiting, () => topicAdmin.connect());
  try {
    const { replicationFactor, minInsyncReplicas } = replicationOf(layout, await topicAdmin.brokerCount());
    if (minInsyncReplicas > replicationFactor) {
      throw new LedgerwireError(
        `KAFKA_MIN_INSYNC_REPLICAS (${minInsyncReplicas}) is larger than the replication factor (${replicationFactor}): nothing could ever be written`,
        { code: 'config-invalid', disposition: 'halt' },
      );
    }
    const plan = topicPlan({ vendors, chainPartitions: layout.chainPartitions, minInsyncReplicas });
    const reports = checkOnly
      ? await topicAdmin.check(plan, replicationFactor)
      : await whenReady('Kafka', parts.waiting, () => topicAdmin.ensure(plan, replicationFactor));
    return reports.map(topicRow);
  } finally {
    await topicAdmin.disconnect();
  }
}

async function applyMigrations(parts: SetupParts): Promise<SetupRow[]> {
  await pendingMigrations(parts);
  const applied = await migrate(parts.database);
  return applied.map((name) => migrationRow(name, 'applied', ''));
}

/** Waits for the database as well: an answer that names pending migrations is an answer. */
async function pendingMigrations(parts: SetupParts): Promise<SetupRow[]> {
  return whenReady('PostgreSQL', parts.waiting, async () => {
    try {
      const database = await openDatabase(parts.database);
      await database.close();
      return [];
    } catch (error) {
      if (codeOf(error) === 'migrations-pending') return [migrationRow('database', 'pending', textOf(error))];
      throw worthWaitingFor(error);
    }
  });
}

async function schemaRows(parts: SetupParts, checkOnly: boolean): Promise<SetupRow[]> {
  const { registryAdmin, waiting } = parts;
  await whenReady('the schema registry', waiting, () => registryAdmin.ping());
  const rows: SetupRow[] = [];
  // One after the other: Apicurio was once seen to give a schema the id of another that was registered at the same moment.
  for (const topic of plannedTopics(parts.vendors)) {
    const spec = subjectSpec(topic);
    const report = checkOnly
      ? await registryAdmin.check(spec)
      : await whenReady('the schema registry', waiting, () => registryAdmin.ensure(spec));
    rows.push(schemaRow(report));
  }
  return rows;
}

function subjectSpec(topic: Topic<unknown>): { subject: string; schema: string } {
  return { subject: subjectOf(topic), schema: topic.schema.json };
}

/** A service that finds no database stops; this job is where one waits for it. */
function worthWaitingFor(error: unknown): unknown {
  if (codeOf(error) !== 'database-unreachable') return error;
  return new LedgerwireError(textOf(error), {
    code: 'database-unreachable',
    disposition: 'retry',
    cause: error,
  });
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
