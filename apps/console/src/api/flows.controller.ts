import {
  Body,
  Controller,
  Get,
  Headers,
  HttpException,
  Inject,
  NotFoundException,
  Param,
  PreconditionFailedException,
  Put,
  Res,
  UnprocessableEntityException,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiHeader,
  ApiNotFoundResponse,
  ApiOkResponse,
  ApiOperation,
  ApiPreconditionFailedResponse,
  ApiPreconditionRequiredResponse,
  ApiTags,
  ApiUnprocessableEntityResponse,
} from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { FlowVersion } from '#libs/persistence';
import { FlowBook } from '../flows/flow-book.js';
import { ApiErrorFilter } from './api-error.filter.js';
import { OperatorGuard } from '../security/operator.guard.js';
import { flowApplied, flowChange, type FlowChange, flowProblems, flowSchema } from './api.schema.js';

const PRECONDITION_REQUIRED = 428;

/** Flows: reading them, their history, and applying a new version. */
@ApiTags('flows')
@ApiBearerAuth()
@UseGuards(OperatorGuard)
@UseFilters(ApiErrorFilter)
@Controller('api/flows')
export class FlowsController {
  constructor(@Inject(FlowBook) private readonly book: FlowBook) {}

  @ApiOperation({ summary: 'Every flow in its version in force' })
  @ApiOkResponse({ standardSchema: z.object({ flows: z.array(flowSchema) }) })
  @Get()
  async list(): Promise<{ flows: FlowVersion[] }> {
    return { flows: await this.book.list() };
  }

  @ApiOperation({ summary: 'One flow; its version is the ETag' })
  @ApiOkResponse({ standardSchema: flowSchema })
  @ApiNotFoundResponse()
  @Get(':id')
  async get(
    @Param('id') flowId: string,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<FlowVersion> {
    const flow = await this.book.current(flowId);
    if (!flow) throw new NotFoundException(`There is no flow ${flowId}.`);
    void reply.header('etag', `"${flow.version}"`);
    return flow;
  }

  @ApiOperation({ summary: 'Every version of one flow, newest first' })
  @ApiOkResponse({ standardSchema: z.object({ versions: z.array(flowSchema) }) })
  @Get(':id/versions')
  async versions(@Param('id') flowId: string): Promise<{ versions: FlowVersion[] }> {
    const versions = await this.book.history(flowId);
    if (versions.length === 0) throw new NotFoundException(`There is no flow ${flowId}.`);
    return { versions };
  }

  @ApiOperation({
    summary: 'Apply a new version',
    description:
      'If-Match says which version was seen, so that nobody overwrites what they have not read; "0" makes a new flow.',
  })
  @ApiHeader({ name: 'If-Match', required: true, example: '"3"' })
  @ApiOkResponse({ standardSchema: flowApplied })
  @ApiPreconditionRequiredResponse({ description: 'If-Match is missing.' })
  @ApiPreconditionFailedResponse({ description: 'Another version is in force.' })
  @ApiUnprocessableEntityResponse({
    standardSchema: flowProblems,
    description: 'The definition has problems; each with its place.',
  })
  @Put(':id')
  async put(
    @Param('id') flowId: string,
    @Body({ schema: flowChange }) change: FlowChange,
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.output<typeof flowApplied>> {
    const result = await this.book.apply({
      flowId,
      ...change,
      seenVersion: seenVersion(ifMatch),
      appliedBy: null,
    });
    if (result.kind === 'invalid')
      throw new UnprocessableEntityException({
        message: 'The flow has problems.',
        problems: result.problems,
      });
    if (result.kind === 'outdated')
      throw new PreconditionFailedException(
        `Version ${result.currentVersion} of flow ${flowId} is in force; read it before you change it.`,
      );
    void reply.header('etag', `"${result.flow.version}"`);
    const { flow, published, warnings } = result;
    return { flow, published, warnings: [...warnings] };
  }
}

function seenVersion(ifMatch: string | undefined): number {
  const version = /^(?:W\/)?"?(\d{1,9})"?$/.exec(ifMatch?.trim() ?? '')?.[1];
  if (version !== undefined) return Number(version);
  throw new HttpException(
    'If-Match with the version that you have seen is needed, e.g. If-Match: "3"; "0" makes a new flow.',
    PRECONDITION_REQUIRED,
  );
}
