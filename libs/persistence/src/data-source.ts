import { Socket } from 'node:net';
import pg from 'pg';
import { DataSource } from 'typeorm';
import { ApiCredential } from './entities/api-credential.entity.js';
import { ConnectionRow } from './entities/connection.entity.js';
import { DeadLetterRow } from './entities/dead-letter.entity.js';
import { FlowVersion } from './entities/flow-version.entity.js';
import { Grant } from './entities/grant.entity.js';
import { OAuthState } from './entities/oauth-state.entity.js';
import { OutcomeRow } from './entities/outcome.entity.js';
import { ReplayRow } from './entities/replay.entity.js';
import { ReauthorisationAlert } from './entities/reauthorisation-alert.entity.js';
import { WebhookSubscription } from './entities/webhook-subscription.entity.js';
import { migrations } from './migrations/index.js';
import { SnakeCaseNamingStrategy } from './naming-strategy.js';

/** How a service reaches PostgreSQL (15 or newer). */
export interface DatabaseOptions {
  /** `postgresql://user:password@host:port/database`. Never logged. */
  readonly url: string;
  /** Shown in `pg_stat_activity`: the service and its instance. */
  readonly applicationName: string;
  /** Connections of this process at most. Default 10. */
  readonly poolSize?: number;
  /**
   * The server gives a statement up after this time; if one side of an open transaction is not heard of for
   * {@link SILENCE_MARGIN_MS} longer, the other ends the connection. Default 15 s; 0 = no limit, as for migrations.
   */
  readonly statementTimeoutMs?: number;
  /** A connection that cannot be had in this time is an error. Default 5 s. */
  readonly connectTimeoutMs?: number;
}

type TypeId = (typeof pg.types.builtins)[keyof typeof pg.types.builtins];

const { DATE, INT8, NUMERIC } = pg.types.builtins;
/** Types that a number or a Date would falsify; they stay text. */
const TEXT_TYPES = new Set<TypeId>([DATE, INT8, NUMERIC]);

/**
 * What the driver makes of a column's text. Given to our pool only, since setting parsers globally would change them for
 * every user of `pg` in the process. `date` stays `YYYY-MM-DD` (the driver would make midnight in the machine's zone of
 * it), `int8` and `numeric` stay text.
 */
export const typeParsers = {
  getTypeParser(id: TypeId, format?: 'text' | 'binary'): (value: never) => unknown {
    if (TEXT_TYPES.has(id)) return (value) => value;
    return pg.types.getTypeParser(id, format);
  },
};

/** How much longer than a statement may take a connection may be silent before its peer counts as gone. */
const SILENCE_MARGIN_MS = 5_000;

/** The data source of this library; not initialised, and never synchronising on its own. */
export function createDataSource(options: DatabaseOptions): DataSource {
  const statementTimeoutMs = options.statementTimeoutMs ?? 15_000;
  return new DataSource({
    type: 'postgres',
    url: options.url,
    applicationName: options.applicationName,
    poolSize: options.poolSize ?? 10,
    connectTimeoutMS: options.connectTimeoutMs ?? 5_000,
    namingStrategy: new SnakeCaseNamingStrategy(),
    entities: [
      ReplayRow,
      Grant,
      ConnectionRow,
      ApiCredential,
      OAuthState,
      ReauthorisationAlert,
      OutcomeRow,
      FlowVersion,
      DeadLetterRow,
      WebhookSubscription,
    ],
    migrations,
    migrationsTableName: 'migrations',
    migrationsTransactionMode: 'each',
    synchronize: false,
    logging: false,
    installExtensions: false,
    invalidWhereValuesBehavior: { null: 'throw', undefined: 'throw' },
    extra: {
      types: typeParsers,
      statement_timeout: statementTimeoutMs,
      ...(statementTimeoutMs > 0 && {
        stream: () => watchedSocket(statementTimeoutMs + SILENCE_MARGIN_MS),
        // The same from the other side: the locks of a client that the network has swallowed would be held for two hours.
        idle_in_transaction_session_timeout: statementTimeoutMs + SILENCE_MARGIN_MS,
      }),
      // For migrations, which may be silent for as long as they like. The system begins to ask after 2 hours if not told.
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
    },
  });
}

/**
 * A socket that is destroyed when nothing passes for `silenceMs`. A server that stops, or a network that loses everything,
 * closes nothing: without this a statement waits for as long as the system sends again (15 minutes), and keep-alive is no
 * help while something is unanswered. The pool closes idle connections after 10 s, so that this one meets only those in
 * use. The driver's `query_timeout` would fail the statement but hand the dead connection to the next one.
 */
function watchedSocket(silenceMs: number): Socket {
  const socket = new Socket();
  return socket.setTimeout(silenceMs, () => {
    const error = new Error(`Connection terminated: nothing was heard of PostgreSQL for ${silenceMs} ms`);
    socket.destroy(Object.assign(error, { code: 'ETIMEDOUT' }));
  });
}
