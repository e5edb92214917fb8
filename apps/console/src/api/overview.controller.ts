import { Controller, Get, Inject, Query, UseFilters, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import type { Connection } from '#libs/contracts';
import type { Database, DeadLetterRow } from '#libs/persistence';
import { CONNECTIONS_TABLE, type ReadTable } from '#libs/streams';
import { ApiErrorFilter } from './api-error.filter.js';
import { OperatorGuard } from '../security/operator.guard.js';
import { type Summary, SummaryReader } from '../summary/summary.js';
import { DATABASE } from '../tokens.js';
import { connectionsSchema, deadLettersQuery, deadLettersSchema, summarySchema } from './api.schema.js';

const DEFAULT_LIST = 100;

/** What there is and how it stands: connections, dead letters, the last hour. */
@ApiTags('overview')
@ApiBearerAuth()
@UseGuards(OperatorGuard)
@UseFilters(ApiErrorFilter)
@Controller('api')
export class OverviewController {
  constructor(
    @Inject(DATABASE) private readonly database: Pick<Database, 'deadLetters'>,
    @Inject(CONNECTIONS_TABLE) private readonly connections: ReadTable<Connection>,
    @Inject(SummaryReader) private readonly summaries: SummaryReader,
  ) {}

  @ApiOperation({ summary: 'Every connection, without secrets' })
  @ApiOkResponse({ standardSchema: connectionsSchema })
  @Get('connections')
  list(): z.output<typeof connectionsSchema> {
    return { connections: sortedConnections(this.connections) };
  }

  @ApiOperation({ summary: 'Records that were set aside, newest first, without their bytes' })
  @ApiOkResponse({ standardSchema: deadLettersSchema })
  @Get('dead-letters')
  async deadLetters(
    @Query({ schema: deadLettersQuery }) query: z.output<typeof deadLettersQuery>,
  ): Promise<{ deadLetters: DeadLetterRow[] }> {
    const { limit = DEFAULT_LIST, ...given } = query;
    const filter = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    return { deadLetters: await this.database.deadLetters.list(filter, limit) };
  }

  @ApiOperation({ summary: 'The last hour in numbers, and how the services are' })
  @ApiOkResponse({ standardSchema: summarySchema })
  @Get('summary')
  summary(): Promise<Summary> {
    return this.summaries.summary();
  }
}

/** Connections by workspace and name; settings are left out, since they are the vendor's affair. */
export function sortedConnections(table: ReadTable<Connection>): Omit<Connection, 'settings'>[] {
  return [...table.values()]
    .map(({ settings: _settings, ...shown }) => shown)
    .sort((a, b) => a.workspaceId.localeCompare(b.workspaceId) || a.displayName.localeCompare(b.displayName));
}
