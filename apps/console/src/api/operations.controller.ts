import {
  Body,
  Controller,
  Get,
  HttpCode,
  Inject,
  NotFoundException,
  Param,
  Post,
  Query,
  ServiceUnavailableException,
  UnprocessableEntityException,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
  ApiTags,
  ApiUnprocessableEntityResponse,
} from '@nestjs/swagger';
import { z } from 'zod';
import { LedgerwireError } from '#libs/core';
import type { RequeueReport } from '../operations/dead-letter-requeue.js';
import { Operations } from '../operations/operations.js';
import type { ParkedView } from '../operations/parked-work.js';
import { OperatorGuard } from '../security/operator.guard.js';
import { ApiErrorFilter } from './api-error.filter.js';
import {
  parkedAccepted,
  parkedChange,
  parkedQuery,
  parkedSchema,
  replayChange,
  replayReport,
  type ReplayReport,
  replaySchema,
  requeueChange,
  requeueReport,
} from './operations.schema.js';

const DEFAULT_LIST = 200;
const MANY_REPLAYS = 100;

/** What operators do: parked work, dead letters, replays. */
@ApiTags('operations')
@ApiBearerAuth()
@UseGuards(OperatorGuard)
@UseFilters(ApiErrorFilter)
@Controller('api')
export class OperationsController {
  constructor(@Inject(Operations) private readonly operations: Operations) {}

  @ApiOperation({ summary: 'Work that waits for its time, with reason and next try' })
  @ApiOkResponse({ standardSchema: parkedSchema })
  @Get('parked')
  async parked(
    @Query({ schema: parkedQuery }) query: z.output<typeof parkedQuery>,
  ): Promise<{ total: number; parked: ParkedView[] }> {
    const { limit = DEFAULT_LIST, ...filter } = query;
    const parked = await answered(this.operations.parked.list(filter));
    return { total: parked.length, parked: parked.slice(0, limit) };
  }

  @ApiOperation({
    summary: 'Try parked work now, or give it up',
    description: 'Given up work becomes a dead letter. The tasks do it a moment after the answer.',
  })
  @ApiOkResponse({ standardSchema: parkedAccepted })
  @HttpCode(202)
  @Post('parked')
  async changeParked(
    @Body({ schema: parkedChange }) change: z.output<typeof parkedChange>,
  ): Promise<{ requestId: string }> {
    return { requestId: await answered(this.operations.parked.request(change)) };
  }

  @ApiOperation({ summary: 'Bring dead letters back to where they came from, after a fix' })
  @ApiOkResponse({ standardSchema: requeueReport })
  @HttpCode(200)
  @Post('dead-letters/requeue')
  async requeue(
    @Body({ schema: requeueChange }) change: z.output<typeof requeueChange>,
  ): Promise<RequeueReport> {
    const { deadLetterIds, filter = {}, limit, reason } = change;
    const { requeue } = this.operations;
    if (deadLetterIds) return answered(requeue.byIds(deadLetterIds, reason));
    const given = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
    return answered(requeue.byFilter(given, limit, reason));
  }

  @ApiOperation({
    summary: 'Replay a span of a topic',
    description:
      'As a dry run unless asked otherwise: it sends nothing and says what would be new, dropped as done, or different. A forced one sends again what was sent before.',
  })
  @ApiOkResponse({ standardSchema: replaySchema })
  @ApiUnprocessableEntityResponse({ description: 'It cannot be replayed so; the message says what can.' })
  @HttpCode(202)
  @Post('replays')
  async replay(
    @Body({ schema: replayChange }) change: z.output<typeof replayChange>,
  ): Promise<Omit<ReplayReport, 'outcomes'>> {
    return answered(this.operations.startReplay(change));
  }

  @ApiOperation({ summary: 'Replays, newest first' })
  @ApiOkResponse({ standardSchema: z.object({ replays: z.array(replaySchema) }) })
  @Get('replays')
  async replays(): Promise<{ replays: Omit<ReplayReport, 'outcomes'>[] }> {
    return { replays: await this.operations.listReplays(MANY_REPLAYS) };
  }

  @ApiOperation({ summary: 'One replay: how far it is, and what a dry run would have done' })
  @ApiOkResponse({ standardSchema: replayReport })
  @ApiNotFoundResponse()
  @Get('replays/:id')
  async report(@Param('id') replayId: string): Promise<ReplayReport> {
    const report = await this.operations.replayReport(replayId);
    if (report) return report;
    throw new NotFoundException(`There is no replay ${replayId}.`);
  }

  @ApiOperation({ summary: 'Cancel a replay: what it has written already stays' })
  @ApiOkResponse({ standardSchema: replayReport })
  @ApiNotFoundResponse()
  @HttpCode(200)
  @Post('replays/:id/cancel')
  async cancel(@Param('id') replayId: string): Promise<ReplayReport> {
    await this.operations.cancelReplay(replayId);
    return this.report(replayId);
  }
}

/** Refusals become answers that say what to do. */
async function answered<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof LedgerwireError)) throw error;
    if (error.code === 'log-unavailable') {
      throw new ServiceUnavailableException('Kafka does not answer at the moment; try again.');
    }
    if (error.disposition === 'dead-letter') throw new UnprocessableEntityException(error.message);
    throw error;
  }
}
