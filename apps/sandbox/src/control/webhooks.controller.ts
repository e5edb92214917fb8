import { BadRequestException, Body, Controller, Get, HttpCode, Inject, Post, Query } from '@nestjs/common';
import { z } from 'zod';
import { type DeliveryAttempt, DeliveryLog } from '../kit/delivery-log.js';
import { parseBody } from '../kit/parse-body.js';
import type { VendorDouble } from '../kit/vendor-double.js';
import { VENDOR_DOUBLES } from '../vendors/index.js';
import { doubleNamed } from './double-named.js';

const changeSchema = z.looseObject({ vendor: z.string() });
const deliveriesSchema = z.strictObject({
  vendor: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(10_000).default(100),
});

/** How the vendors send webhooks, and what became of each. */
@Controller('__sandbox/webhooks')
export class WebhooksController {
  constructor(
    @Inject(VENDOR_DOUBLES) private readonly doubles: readonly VendorDouble[],
    @Inject(DeliveryLog) private readonly log: DeliveryLog,
  ) {}

  @Get()
  settings(): Record<string, unknown> {
    return Object.fromEntries(this.doubles.map((double) => [double.vendor, double.webhooks()]));
  }

  @Post()
  @HttpCode(200)
  async change(@Body() body: unknown): Promise<Record<string, unknown>> {
    const { vendor, ...change } = parseBody(changeSchema, body);
    try {
      return await doubleNamed(this.doubles, vendor).changeWebhooks(change);
    } catch (error) {
      if (error instanceof z.ZodError) throw new BadRequestException(z.prettifyError(error));
      throw error;
    }
  }

  @Get('deliveries')
  deliveries(@Query() query: unknown): { totals: Record<string, number>; deliveries: DeliveryAttempt[] } {
    const { vendor, limit } = parseBody(deliveriesSchema, query);
    return { totals: this.log.totals(), deliveries: this.log.latest(limit, vendor) };
  }
}
