import { type DataSource, type Repository } from 'typeorm';
import { type EpochMs, instant } from '../columns.js';
import { OutcomeRow } from '../entities/outcome.entity.js';
import { deleteBefore } from './delete-before.js';

/** An outcome as the topic carries it; the contract `Outcome` is one. */
export type NewOutcome = {
  readonly [K in keyof Omit<OutcomeRow, 'position' | 'webhookIds' | 'noticeIds'>]: OutcomeRow[K];
} & { readonly webhookIds: readonly string[]; readonly noticeIds: readonly string[] };

/** What a list of outcomes is narrowed by; absent = any. */
export interface OutcomeFilter {
  readonly workspaceId?: string;
  readonly connectionId?: string;
  readonly step?: string;
  readonly status?: string;
  readonly vendor?: string;
  readonly entityType?: string;
  readonly flowId?: string;
  /** Inclusive. */
  readonly from?: EpochMs;
  /** Exclusive. */
  readonly to?: EpochMs;
}

/** Of how much of the trail a trace is. */
export interface TraceScope {
  /** Only of this workspace; absent = of any. */
  readonly workspaceId?: string | undefined;
  /** Outcomes at most. Default 1,000. */
  readonly limit?: number;
}

/** Where a page of the newest outcomes goes on: the last row of the page before it. */
export interface OutcomeCursor {
  readonly at: EpochMs;
  readonly position: number;
}

/** When an entity was last found in a new state, and the record of that state. */
export interface NewestFetch {
  readonly entityType: string;
  readonly entityId: string;
  readonly recordId: string;
  readonly at: EpochMs;
}

/** How often something happened. */
export interface OutcomeCount {
  readonly step: string;
  readonly status: string;
  readonly count: number;
}

/** How refreshing a connection's tokens went last. */
export type RefreshState = Pick<OutcomeRow, 'status' | 'at' | 'detail'> & { readonly connectionId: string };

/** One INSERT carries so many rows at most, so that no statement holds the table for long. */
const INSERT_ROWS = 1_000;

/** Rounds of following ids; the way webhook → notice → record → command → message needs four. */
const TRACE_ROUNDS = 6;

/** The audit trail. */
export class OutcomeStore {
  private readonly outcomes: Repository<OutcomeRow>;
  private readonly insertion: string;

  constructor(dataSource: DataSource) {
    this.outcomes = dataSource.getRepository(OutcomeRow);
    this.insertion = insertionOf(this.outcomes);
  }

  /** Adds what is not there yet; an outcome that arrives again changes nothing. */
  async addAll(outcomes: readonly NewOutcome[]): Promise<void> {
    for (let start = 0; start < outcomes.length; start += INSERT_ROWS) {
      const rows = outcomes.slice(start, start + INSERT_ROWS);
      await this.outcomes.query(this.insertion, [JSON.stringify(rows)]);
    }
  }

  /**
   * Everything that is connected with an id: a webhook, notice, record, command, message, entity or trace id, or an
   * entity's number. Ids found are followed (a notice's record, the record's commands, their messages, and back), so that
   * any id of a path gives the whole path. A webhook may tell of many entities: all are found by its id, but nothing else
   * leads from one to the others. In order of time; of more than `limit` outcomes the newest, since what many have in common (each
   * company may have an INV-0001) is asked about for what happened to it last.
   */
  async trace(id: string, { workspaceId, limit = 1_000 }: TraceScope = {}): Promise<readonly OutcomeRow[]> {
    const found = new Map<string, OutcomeRow>();
    const asked = new Set([id]);
    const begin = { ids: [id], columns: [...PATH_COLUMNS, ...START_COLUMNS], workspaceId };
    // Half of them, so that there is room for the rest of each one's path.
    let rows = await this.linkedWith({ ...begin, limit: Math.ceil(limit / 2) });
    for (let round = 0; rows.length > 0 && round < TRACE_ROUNDS; round += 1) {
      for (const row of rows) if (found.size < limit) found.set(row.outcomeId, row);
      const ids = [...new Set(rows.flatMap(pathIds))].filter((each) => !asked.has(each));
      if (ids.length === 0 || found.size >= limit) break;
      for (const each of ids) asked.add(each);
      rows = await this.linkedWith({ ids, columns: PATH_COLUMNS, workspaceId, limit });
    }
    return [...found.values()].sort((a, b) => a.at - b.at || a.position - b.position);
  }

  /** Outcomes that arrived after a position, in order of arrival: for feeds that poll or catch up. */
  after(position: number, limit: number, workspaceId?: string): Promise<OutcomeRow[]> {
    const query = this.outcomes
      .createQueryBuilder('o')
      .where('o.position > :position', { position })
      .orderBy('o.position', 'ASC')
      .limit(limit);
    if (workspaceId !== undefined) query.andWhere('o.workspaceId = :workspaceId', { workspaceId });
    return query.getMany();
  }

  /** The highest position given out and committed so far; 0 in an empty trail. */
  async lastPosition(): Promise<number> {
    const [last] = await this.outcomes.find({ order: { position: 'DESC' }, take: 1 });
    return last?.position ?? 0;
  }

  /** How often each step ended in which status since an instant. */
  async countsSince(from: EpochMs): Promise<OutcomeCount[]> {
    const rows = await this.outcomes
      .createQueryBuilder('o')
      .select('o.step', 'step')
      .addSelect('o.status', 'status')
      .addSelect('count(*)::int', 'count')
      .where('o.at >= :from', { from: new Date(from) })
      .groupBy('o.step')
      .addGroupBy('o.status')
      .orderBy('o.step')
      .addOrderBy('o.status')
      .getRawMany<OutcomeCount>();
    return rows;
  }

  /** The last that was told of refreshing the tokens of each connection (`refresh-failing` or `refresh-recovered`). */
  async lastRefreshes(): Promise<RefreshState[]> {
    const rows = await this.outcomes
      .createQueryBuilder('o')
      .distinctOn(['o.connectionId'])
      .where("o.status LIKE 'refresh-%'")
      .orderBy('o.connectionId')
      .addOrderBy('o.at', 'DESC')
      .addOrderBy('o.position', 'DESC')
      .getMany();
    return rows.flatMap(({ connectionId, status, at, detail }) =>
      connectionId === null ? [] : [{ connectionId, status, at, detail }],
    );
  }

  /** What a dry run would have done, by status, without the `would-` before it. */
  countByStatusOfReplay(replayId: string): Promise<{ status: string; count: number }[]> {
    return this.outcomes
      .createQueryBuilder('o')
      .select("regexp_replace(o.status, '^would-', '')", 'status')
      .addSelect('count(*)::int', 'count')
      .where('o.replayId = :replayId', { replayId })
      .groupBy('o.status')
      .orderBy('o.status')
      .getRawMany<{ status: string; count: number }>();
  }

  /** Of each entity of a connection: the newest time at which it was found in another state than before, and that state's record. */
  async newestFetches(connectionId: string, entityIds: readonly string[]): Promise<NewestFetch[]> {
    if (entityIds.length === 0) return [];
    const rows = await this.outcomes
      .createQueryBuilder('o')
      .select(['o.outcomeId', 'o.entityType', 'o.entityId', 'o.recordId', 'o.at'])
      .distinctOn(['o.entityType', 'o.entityId'])
      .where("o.step = 'fetch' AND o.status = 'fetched' AND o.recordId IS NOT NULL")
      .andWhere('o.connectionId = :connectionId AND o.entityId = ANY(:entityIds)', {
        connectionId,
        entityIds: [...entityIds],
      })
      .orderBy('o.entityType')
      .addOrderBy('o.entityId')
      .addOrderBy('o.at', 'DESC')
      .addOrderBy('o.position', 'DESC')
      .getMany();
    return rows.flatMap(({ entityType, entityId, recordId, at }) =>
      entityType !== null && entityId !== null && recordId !== null
        ? [{ entityType, entityId, recordId, at }]
        : [],
    );
  }

  /** The newest outcomes that pass the filter, newest first; with `before`, those that follow that row. */
  latest(filter: OutcomeFilter, limit: number, before?: OutcomeCursor): Promise<OutcomeRow[]> {
    const query = this.outcomes
      .createQueryBuilder('o')
      .orderBy('o.at', 'DESC')
      .addOrderBy('o.position', 'DESC')
      .limit(limit);
    if (before !== undefined)
      query.andWhere('(o.at, o.position) < (:beforeAt, :beforePosition)', {
        beforeAt: new Date(before.at),
        beforePosition: before.position,
      });
    const { from, to, ...equal } = filter;
    for (const [column, value] of Object.entries(equal))
      if (value !== undefined) query.andWhere(`o.${column} = :${column}`, { [column]: value });
    if (from !== undefined) query.andWhere('o.at >= :from', { from: new Date(from) });
    if (to !== undefined) query.andWhere('o.at < :to', { to: new Date(to) });
    return query.getMany();
  }

  /** Forgets what happened before `before`, the oldest first, at most `limit` rows, and says how many; other consoles may do so too. */
  deleteBefore(before: EpochMs, limit: number): Promise<number> {
    return deleteBefore(this.outcomes, before, limit);
  }

  /** Newest first. One index per column: PostgreSQL joins their hits in bitmaps, so that no scan of the table is needed. */
  private linkedWith({ ids, columns, workspaceId, limit }: Link): Promise<OutcomeRow[]> {
    const query = this.outcomes
      .createQueryBuilder('o')
      .where(`(${columns.join(' OR ')})`, { ids: [...ids] })
      .orderBy('o.at', 'DESC')
      .addOrderBy('o.position', 'DESC')
      .limit(limit);
    if (workspaceId !== undefined) query.andWhere('o.workspaceId = :workspaceId', { workspaceId });
    return query.getMany();
  }
}

/** Ids to look for, and in what. */
interface Link extends TraceScope {
  readonly ids: readonly string[];
  readonly columns: readonly string[];
}

const PATH_COLUMNS = [
  'o.notice_ids && :ids',
  'o.record_id = ANY(:ids)',
  'o.command_id = ANY(:ids)',
  'o.message_sid = ANY(:ids)',
];
/** By which a trace may begin, but which lead to other events too. */
const START_COLUMNS = [
  'o.webhook_ids && :ids',
  'o.entity_id = ANY(:ids)',
  'o.entity_number = ANY(:ids)',
  'o.trace_id = ANY(:ids)',
];

/**
 * Ids that lie on the path of one event. Not the entity's, which would draw in every other event of an invoice, and not the
 * webhook's, which would draw in the other entities that it told of.
 */
function pathIds(row: OutcomeRow): string[] {
  const single = [row.recordId, row.commandId, row.messageSid].filter((id) => id !== null);
  return [...row.noticeIds, ...single];
}

/**
 * All rows of an INSERT as one JSON parameter. A parameter for each value, as the query builder has it, costs 60 µs a row in this
 * process (measured with 100 to 500 rows), and the audit trail has four rows an event; this way it is 3 µs, and three times
 * as many rows a second.
 */
function insertionOf(outcomes: Repository<OutcomeRow>): string {
  const columns = outcomes.metadata.columns.filter((column) => !column.isGenerated);
  const isInstant = (column: (typeof columns)[number]): boolean => column.type === instant.type;
  const sourceType = (column: (typeof columns)[number]): string =>
    isInstant(column) ? 'bigint' : column.isArray ? 'text[]' : 'text';
  const fields = columns.map((column) => `"${column.propertyName}" ${sourceType(column)}`);
  const values = columns.map((column) =>
    isInstant(column) ? `to_timestamp("${column.propertyName}" / 1000.0)` : `"${column.propertyName}"`,
  );
  return `
    INSERT INTO "${outcomes.metadata.tableName}" (${columns.map(({ databaseName }) => `"${databaseName}"`).join(', ')})
    SELECT ${values.join(', ')} FROM jsonb_to_recordset($1::jsonb) AS given (${fields.join(', ')})
    ON CONFLICT DO NOTHING`;
}
