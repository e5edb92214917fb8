import pg from 'pg';
import type { AcknowledgedWebhook, ExpectedMessage } from '../load/load-driver.ts';
import type { TruthLine } from '../world/sandbox.ts';

/** One line of the audit trail, as far as the invariants look at it. */
export interface TrailLine {
  readonly entityId: string | null;
  readonly step: string;
  readonly status: string;
  readonly reason: string | null;
  readonly commandId: string | null;
  readonly recordId: string | null;
  readonly noticeIds: readonly string[];
  readonly messageSid: string | null;
  readonly origin: string | null;
  /** Order of arrival. */
  readonly position: number;
}

/** What is known of a stretch of time: what was asked for, what the vendors saw, what the product says. */
export interface Evidence {
  readonly expected: readonly ExpectedMessage[];
  readonly acknowledged: readonly AcknowledgedWebhook[];
  /** Of the truth ledger: messages accepted by the Twilio double. */
  readonly messages: readonly TruthLine[];
  readonly trail: readonly TrailLine[];
  /** Dead letters of accounts that nobody connected, of the same stretch. */
  readonly unknownTenantLetters: number;
}

interface TrailRow {
  entity_id: string | null;
  step: string;
  status: string;
  reason: string | null;
  command_id: string | null;
  record_id: string | null;
  notice_ids: string[];
  message_sid: string | null;
  origin: string | null;
  position: string;
}

/** Reads the audit trail straight from PostgreSQL, past console and proxy. */
export class TrailReader {
  private readonly databaseUrl: string;

  constructor(databaseUrl: string) {
    this.databaseUrl = databaseUrl;
  }

  /** Lines after a position, in order of arrival. */
  async after(position: number): Promise<TrailLine[]> {
    const rows = await this.query<TrailRow>(
      `SELECT entity_id, step, status, reason, command_id, record_id, notice_ids, message_sid, origin, position
         FROM outcomes WHERE position > $1 ORDER BY position`,
      [position],
    );
    return rows.map((row) => ({
      entityId: row.entity_id,
      step: row.step,
      status: row.status,
      reason: row.reason,
      commandId: row.command_id,
      recordId: row.record_id,
      noticeIds: row.notice_ids,
      messageSid: row.message_sid,
      origin: row.origin,
      position: Number(row.position),
    }));
  }

  async end(): Promise<number> {
    const [row] = await this.query<{ end: string | null }>('SELECT max(position) AS end FROM outcomes', []);
    return Number(row?.end ?? 0);
  }

  async unknownTenantLetters(): Promise<number> {
    const [row] = await this.query<{ n: string }>(
      `SELECT count(*) AS n FROM dead_letters WHERE error_code = 'unknown-connection'`,
      [],
    );
    return Number(row?.n ?? 0);
  }

  async deadLetters(): Promise<{ errorCode: string; service: string; originTopic: string; n: number }[]> {
    const rows = await this.query<{ error_code: string; service: string; origin_topic: string; n: string }>(
      'SELECT error_code, service, origin_topic, count(*) AS n FROM dead_letters GROUP BY 1, 2, 3',
      [],
    );
    return rows.map((row) => ({
      errorCode: row.error_code,
      service: row.service,
      originTopic: row.origin_topic,
      n: Number(row.n),
    }));
  }

  /** Connections that the services hold. */
  async connections(): Promise<number> {
    const [row] = await this.query<{ n: string }>(
      'SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
      [],
    );
    return Number(row?.n ?? 0);
  }

  async query<T extends pg.QueryResultRow>(text: string, values?: readonly unknown[]): Promise<T[]> {
    const client = new pg.Client({ connectionString: this.databaseUrl, connectionTimeoutMillis: 5_000 });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query<T>(text, values && [...values])).rows;
    } finally {
      await client.end();
    }
  }
}
