import {
  Controller,
  Get,
  Inject,
  NotFoundException,
  Param,
  Query,
  Req,
  Res,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
  ApiProduces,
  ApiQuery,
  ApiTags,
} from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Database } from '#libs/persistence';
import { EventStreams } from '../feed/event-streams.js';
import { ApiErrorFilter } from './api-error.filter.js';
import { OperatorGuard } from '../security/operator.guard.js';
import { DATABASE } from '../tokens.js';
import { traceView, type TraceView } from '../traces/trace-view.js';
import {
  outcomesPage,
  outcomesQuery,
  type OutcomesQuery,
  type OutcomeView,
  traceQuery,
  type TraceQuery,
  traceSchema,
} from './api.schema.js';
import { cursorText, outcomeView, parseCursor } from './outcome-view.js';

const DEFAULT_PAGE = 100;

/** The audit trail: one event's way, the feed, and the feed as it happens. */
@ApiTags('trail')
@ApiBearerAuth()
@UseGuards(OperatorGuard)
@UseFilters(ApiErrorFilter)
@Controller('api')
export class OutcomesController {
  constructor(
    @Inject(DATABASE) private readonly database: Pick<Database, 'outcomes'>,
    @Inject(EventStreams) private readonly streams: EventStreams,
  ) {}

  @ApiOperation({
    summary: 'The whole way of one event',
    description:
      'By any id on it: webhook, notice, record or command id, message SID, trace id, the id of the entity or its number (an invoice number). What was not sent is there too, with the reason. Of more than 1,000 steps the newest are given.',
  })
  @ApiOkResponse({ standardSchema: traceSchema })
  @ApiNotFoundResponse({ description: 'Nothing is known of this id (yet).' })
  @Get('traces/:id')
  async trace(
    @Param('id') id: string,
    @Query({ schema: traceQuery }) { workspaceId }: TraceQuery,
  ): Promise<TraceView> {
    const view = traceView(id, await this.database.outcomes.trace(id, { workspaceId }));
    if (view) return view;
    throw new NotFoundException('Nothing is known of this id. A fresh event takes a moment to get here.');
  }

  @ApiOperation({ summary: 'What happened, newest first' })
  @ApiOkResponse({ standardSchema: outcomesPage })
  @Get('outcomes')
  async outcomes(
    @Query({ schema: outcomesQuery }) query: OutcomesQuery,
  ): Promise<{ outcomes: OutcomeView[]; nextCursor: string | null }> {
    const { cursor, limit = DEFAULT_PAGE, ...given } = query;
    const filter = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    const before = cursor === undefined ? undefined : parseCursor(cursor);
    const rows = await this.database.outcomes.latest(filter, limit, before);
    const last = rows.at(-1);
    return {
      outcomes: rows.map(outcomeView),
      nextCursor: last && rows.length === limit ? cursorText(last) : null,
    };
  }

  @ApiOperation({
    summary: 'What happens, as it happens',
    description:
      'Server-sent events named `outcome`, whose data is an outcome as in /api/outcomes and whose id is its position. A client that comes back with Last-Event-ID, or asks with `after`, gets what came since (up to 1,000).',
  })
  @ApiQuery({ name: 'after', required: false, description: 'A position; everything later is sent first.' })
  @ApiProduces('text/event-stream')
  @Get('events')
  async events(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.streams.open(request, reply);
  }
}
