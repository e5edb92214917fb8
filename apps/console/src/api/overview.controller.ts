import { Controller, Get, Inject, Query, UseFilters, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { z } from 'zod';
import type { Database, DeadLetterRow } from '#libs/persistence';
import { ApiErrorFilter } from './api-error.filter.js';
import { OperatorGuard } from '../security/operator.guard.js';
import { ConnectionList } from '../summary/connection-list.js';
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
    @Inject(ConnectionList) private readonly connections: ConnectionList,
    @Inject(SummaryReader) private readonly summaries: SummaryReader,
  ) {}

  @ApiOperation({ summary: 'Every connection and how it stands, without secrets' })
  @ApiOkResponse({ standardSchema: connectionsSchema })
  @Get('connections')
  async list(): Promise<z.output<typeof connectionsSchema>> {
    return { connections: await this.connections.list() };
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
