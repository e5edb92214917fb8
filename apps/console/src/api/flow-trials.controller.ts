import {
  Body,
  Controller,
  HttpCode,
  Inject,
  NotFoundException,
  Post,
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
import type { z } from 'zod';
import { OperatorGuard } from '../security/operator.guard.js';
import { FlowTrial } from '../trials/flow-trial.js';
import { ApiErrorFilter } from './api-error.filter.js';
import { flowProblems } from './api.schema.js';
import {
  flowTrialRequest,
  flowTrialSchema,
  type FlowTrialView,
  flowTrialView,
} from './flow-trials.schema.js';

/** Trying a flow on a record before it is applied. */
@ApiTags('flows')
@ApiBearerAuth()
@UseGuards(OperatorGuard)
@UseFilters(ApiErrorFilter)
@Controller('api/flows')
export class FlowTrialsController {
  constructor(@Inject(FlowTrial) private readonly trial: FlowTrial) {}

  @ApiOperation({
    summary: 'Try a definition on a record: what would be sent to whom and why, and why not',
    description:
      'Nothing is sent or kept. The record counts as news; related entities are as they are known now.',
  })
  @ApiOkResponse({ standardSchema: flowTrialSchema })
  @ApiNotFoundResponse({ description: 'The trail or the log does not have the record (any more).' })
  @ApiUnprocessableEntityResponse({
    standardSchema: flowProblems,
    description: 'The definition has problems, each with its place; or no connection can send.',
  })
  @HttpCode(200)
  @Post('test')
  async test(
    @Body({ schema: flowTrialRequest }) { yaml, recordId }: z.output<typeof flowTrialRequest>,
  ): Promise<FlowTrialView> {
    const result = await this.trial.run(yaml, recordId);
    if (result.kind === 'tried') return flowTrialView(result.trial);
    if (result.kind === 'no-connection') throw new UnprocessableEntityException(result.message);
    if (result.kind === 'invalid') {
      const { problems } = result;
      throw new UnprocessableEntityException({ message: 'The flow has problems.', problems });
    }
    throw new NotFoundException(
      'No record is found by this id: the trail does not know it, or the log has let go of it (records are kept for 30 days).',
    );
  }
}
