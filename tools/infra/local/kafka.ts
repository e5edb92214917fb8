import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startProcess, type StartedProcess } from '../../lib/processes.ts';
import {
  developmentBrokerSettings,
  pinnedFeatures,
  toProperties,
  type BrokerSettings,
} from '../broker-settings.ts';
import { probeKafka } from '../kafka-probe.ts';
import { kafkaCluster, versions } from '../versions.ts';
import { openKafkaDataFolder } from './kafka-data.ts';
import { waitUntilReady, type StartWatch } from './start-watch.ts';

export interface LocalKafkaOptions {
  readonly javaCommand: string;
  readonly jarFolder: string;
  readonly dataFolder: string;
  readonly logFile: string;
  readonly port: number;
  readonly controllerPort: number;
  readonly settings: BrokerSettings;
  readonly environment: NodeJS.ProcessEnv;
  readonly watch: StartWatch;
}

/**
 * A heap that fits a laptop, and the collector without threads of its own, which suits so small a heap on few cores. The first
 * compiler only: the second one took half of the broker's CPU in the minutes that a start, a test run or a benchmark lasts (measured
 * under load: 3 ms per event of the pipeline with it, 1.5 ms without).
 */
const JVM_FLAGS = [
  '-Xms128m',
  '-Xmx512m',
  '-XX:TieredStopAtLevel=1',
  '-XX:+UseSerialGC',
  '-XX:+ExitOnOutOfMemoryError',
  '-Djava.awt.headless=true',
  '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
  '-Dorg.slf4j.simpleLogger.showDateTime=true',
  '-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS',
];

/**
 * Starts a Kafka broker (KRaft, broker and controller in one) and waits until it serves. A data folder that is empty is
 * formatted first; one that an earlier broker left, even by kill -9, is used as it is.
 *
 * @throws {UserError} when a newer release of Kafka wrote the data.
 */
export async function startLocalKafka(options: LocalKafkaOptions): Promise<StartedProcess> {
  const { logFolder, configFile, formatted } = openKafkaDataFolder(options.dataFolder, versions.kafka);
  writeFileSync(configFile, toProperties(brokerProperties(options, logFolder)));
  if (!formatted) await formatStorage(options, configFile);
  const broker = await startProcess({
    name: 'kafka',
    command: options.javaCommand,
    args: [...JVM_FLAGS, '-cp', join(options.jarFolder, '*'), 'kafka.Kafka', configFile],
    environment: options.environment,
    workingDirectory: options.dataFolder,
    logFile: options.logFile,
  });
  await waitUntilReady(broker, () => probeKafka('127.0.0.1', options.port), options.watch);
  return broker;
}

function brokerProperties(options: LocalKafkaOptions, logFolder: string): BrokerSettings {
  const broker = `127.0.0.1:${options.port}`;
  const controller = `127.0.0.1:${options.controllerPort}`;
  return {
    ...developmentBrokerSettings,
    'node.id': String(kafkaCluster.nodeId),
    'controller.quorum.voters': `${kafkaCluster.nodeId}@${controller}`,
    listeners: `PLAINTEXT://${broker},CONTROLLER://${controller}`,
    'advertised.listeners': `PLAINTEXT://${broker}`,
    'log.dirs': logFolder,
    ...options.settings,
  };
}

/**
 * Kafka's own form, 16 bytes in base64url, of which none may look like an option. Never the same twice: services take the files
 * that they keep beside the log for those of the cluster of that id.
 */
function newClusterId(): string {
  const id = randomBytes(16).toString('base64url');
  return id.startsWith('-') ? newClusterId() : id;
}

async function formatStorage(options: LocalKafkaOptions, configFile: string): Promise<void> {
  const features = Object.entries(pinnedFeatures).flatMap(([name, level]) => [
    '--feature',
    `${name}=${level}`,
  ]);
  const tool = ['-cp', join(options.jarFolder, '*'), 'kafka.tools.StorageTool'];
  const format = ['format', '--cluster-id', newClusterId(), '--config', configFile, ...features];
  try {
    await promisify(execFile)(options.javaCommand, [...tool, ...format], { env: options.environment });
  } catch (cause) {
    throw new Error(`Kafka could not format its data folder ${options.dataFolder}`, { cause });
  }
}
