import {
  Controller,
  Get,
  HttpStatus,
  Inject,
  NotFoundException,
  Param,
  Post,
  Query,
  Res,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import type { Database } from '#libs/persistence';
import { type TraceQuery, traceQuery } from '../api/api.schema.js';
import { outcomeView } from '../api/outcome-view.js';
import { FlowBook } from '../flows/flow-book.js';
import { Operations } from '../operations/operations.js';
import { ConnectionList } from '../summary/connection-list.js';
import { SummaryReader } from '../summary/summary.js';
import { DATABASE } from '../tokens.js';
import { traceView } from '../traces/trace-view.js';
import { PageErrorFilter, PageGuard, sendPage } from './page-access.js';
import { feedPage } from './pages/feed.page.js';
import { flowPage, flowsPage, newFlowPage } from './pages/flows.pages.js';
import { connectionsPage, deadLettersPage } from './pages/lists.pages.js';
import { replaysPage } from './pages/replays.page.js';
import { tracePage, unknownTracePage } from './pages/trace.page.js';

const FEED_LINES = 100;
const DEAD_LETTERS = 200;
const REPLAYS = 100;

/** The pages for operators. */
@ApiExcludeController()
@UseGuards(PageGuard)
@UseFilters(PageErrorFilter)
@Controller()
export class PagesController {
  constructor(
    @Inject(DATABASE) private readonly database: Pick<Database, 'outcomes' | 'deadLetters'>,
    @Inject(ConnectionList) private readonly connections: ConnectionList,
    @Inject(SummaryReader) private readonly summaries: SummaryReader,
    @Inject(FlowBook) private readonly flowBook: FlowBook,
    @Inject(Operations) private readonly operations: Operations,
  ) {}

  @Get()
  async feed(@Res() reply: FastifyReply): Promise<void> {
    const [summary, rows] = await Promise.all([
      this.summaries.summary(),
      this.database.outcomes.latest({}, FEED_LINES),
    ]);
    sendPage(reply, feedPage(summary, rows.map(outcomeView)));
  }

  /** Where the search box leads. */
  @Get('traces')
  search(@Query('id') id: string | undefined, @Res() reply: FastifyReply): void {
    const found = typeof id === 'string' ? id.trim() : '';
    void reply
      .code(HttpStatus.SEE_OTHER)
      .header('location', found === '' ? '/' : `/traces/${encodeURIComponent(found)}`)
      .send();
  }

  @Get('traces/:id')
  async trace(
    @Param('id') id: string,
    @Query({ schema: traceQuery }) { workspaceId }: TraceQuery,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const view = traceView(id, await this.database.outcomes.trace(id, { workspaceId }));
    if (view) sendPage(reply, tracePage(view));
    else sendPage(reply, unknownTracePage(id), HttpStatus.NOT_FOUND);
  }

  @Get('flows')
  async flows(@Res() reply: FastifyReply): Promise<void> {
    sendPage(reply, flowsPage(await this.flowBook.list()));
  }

  @Get('flows/new')
  newFlow(@Res() reply: FastifyReply): void {
    sendPage(reply, newFlowPage());
  }

  @Get('flows/:id')
  async flow(@Param('id') flowId: string, @Res() reply: FastifyReply): Promise<void> {
    const versions = await this.flowBook.history(flowId);
    if (versions.length === 0) throw new NotFoundException(`There is no flow ${flowId}.`);
    sendPage(reply, flowPage(versions));
  }

  @Get('connections')
  async listConnections(@Res() reply: FastifyReply): Promise<void> {
    const [services, connections] = await Promise.all([this.summaries.services(), this.connections.list()]);
    const limits = Object.assign({}, ...services.map((service) => service.limits)) as Record<string, string>;
    sendPage(reply, connectionsPage(connections, limits));
  }

  @Get('dead-letters')
  async deadLetters(@Res() reply: FastifyReply): Promise<void> {
    sendPage(reply, deadLettersPage(await this.database.deadLetters.list({}, DEAD_LETTERS)));
  }

  @Get('replays')
  async replays(@Res() reply: FastifyReply): Promise<void> {
    sendPage(reply, replaysPage(await this.operations.listReplays(REPLAYS)));
  }

  @Post('replays/:id/cancel')
  async cancelReplay(@Param('id') replayId: string, @Res() reply: FastifyReply): Promise<void> {
    await this.operations.cancelReplay(replayId);
    void reply.code(HttpStatus.SEE_OTHER).header('location', '/replays').send();
  }
}
