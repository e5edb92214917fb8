import type { Progress } from '../lib/progress.ts';
import type { StatePaths } from '../lib/paths.ts';
import type { BrokerSettings } from './broker-settings.ts';

/** Where to reach the three, and nothing that says how they run. */
export interface InfrastructureUrls {
  /** Bootstrap list, `host:port[,host:port…]`: the value of KAFKA_BROKERS. */
  readonly kafkaBrokers: string;
  /** Base URL of the Confluent-compatible API: the value of SCHEMA_REGISTRY_URL. */
  readonly registryUrl: string;
  /** `postgresql://user:password@host:port/database`: the value of DATABASE_URL. The account may create databases. */
  readonly databaseUrl: string;
}

export type InfrastructureService = 'kafka' | 'registry' | 'postgres';

/** One process or container of the infrastructure, as it goes into `run.json`. */
export interface InfrastructureProcess {
  readonly service: InfrastructureService;
  /** Undefined for what runs in a container or was there before. */
  readonly pid?: number;
  readonly identity?: string;
  readonly container?: string;
  readonly ports: readonly number[];
  readonly logFile?: string;
}

/** How the infrastructure runs: as child processes, in containers, or started by someone else. */
export type InfrastructureRuntime = 'local' | 'docker' | 'external';

export interface Infrastructure extends InfrastructureUrls {
  readonly runtime: InfrastructureRuntime;
  readonly processes: readonly InfrastructureProcess[];
  /** Which of several logs Kafka keeps, where the id of its cluster does not tell: every volume of docker-compose.yml has the same. */
  readonly logIdentity?: string;
  /**
   * Rejects with the reason when one of the processes ends although nobody stopped it. Never resolves. Containers are
   * not watched: the engine restarts them.
   */
  readonly failed: Promise<never>;
  /** Ends all of it and waits until it is gone. A disposable one leaves nothing on disk. May be called twice. */
  stop(): Promise<void>;
}

export interface InfrastructurePorts {
  readonly kafka: number;
  readonly kafkaController: number;
  readonly registry: number;
  readonly postgres: number;
}

export interface InfrastructureOptions {
  /**
   * `kept`: data stays in `paths.data` for the next start (npm start). `disposable`: free ports, own folders, killed and
   * wiped at `stop()` (tests, benchmarks).
   */
  readonly lifetime: 'kept' | 'disposable';
  readonly paths: StatePaths;
  /** PATH, JAVA_HOME, DOCKER_HOST, LEDGERWIRE_INFRASTRUCTURE and, for `external`, the three URLs. */
  readonly environment: NodeJS.ProcessEnv;
  /** Needed for `kept`; ignored for `disposable`, which takes free ports. */
  readonly ports?: InfrastructurePorts;
  /** Added to, or put in place of, the settings in broker-settings.ts. */
  readonly brokerSettings?: BrokerSettings;
  /** Throws the kept data away first. */
  readonly fresh?: boolean;
  /** Fetches a Java runtime and Maven with apt when they are missing (root on Debian or Ubuntu only). */
  readonly install?: boolean;
  readonly progress?: Progress;
  /** Told of every process as soon as it runs, before it is ready. */
  readonly onProcess?: (process: InfrastructureProcess) => void;
  /** Gives up while it is starting; what runs already is stopped before the start rejects. */
  readonly signal?: AbortSignal;
}
