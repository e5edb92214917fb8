import {
  BadRequestException,
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Inject,
  NotFoundException,
  Param,
  Post,
} from '@nestjs/common';
import { type Fault, FaultPlan, faultSchema } from '../kit/fault-plan.js';
import { parseBody } from '../kit/parse-body.js';
import type { VendorDouble } from '../kit/vendor-double.js';
import { VENDOR_DOUBLES } from '../vendors/index.js';
import { doubleNamed } from './double-named.js';

/** Arming, listing and disarming faults. */
@Controller('__sandbox/faults')
export class FaultsController {
  constructor(
    @Inject(FaultPlan) private readonly plan: FaultPlan,
    @Inject(VENDOR_DOUBLES) private readonly doubles: readonly VendorDouble[],
  ) {}

  @Get()
  list(): { faults: Fault[] } {
    return { faults: this.plan.list() };
  }

  @Post()
  arm(@Body() body: unknown): Fault {
    const spec = parseBody(faultSchema, body);
    if (spec.vendor !== undefined) doubleNamed(this.doubles, spec.vendor);
    if (spec.latencyMaxMs !== undefined && spec.kind !== 'latency')
      throw new BadRequestException('latencyMaxMs goes with kind "latency" only');
    const { id, matched, injected } = this.plan.arm(spec);
    return { id, spec, matched, injected };
  }

  @Delete()
  @HttpCode(200)
  clearAll(): { faults: Fault[] } {
    this.plan.clear();
    return this.list();
  }

  @Delete(':id')
  @HttpCode(200)
  clear(@Param('id') id: string): { faults: Fault[] } {
    if (!this.plan.clear(id)) throw new NotFoundException(`no fault ${id}`);
    return this.list();
  }
}
