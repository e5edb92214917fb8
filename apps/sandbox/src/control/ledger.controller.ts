import { Controller, Get, Inject, Query } from '@nestjs/common';
import { z } from 'zod';
import { parseBody } from '../kit/parse-body.js';
import { type LedgerLine, TruthLedger } from '../kit/truth-ledger.js';

const querySchema = z.strictObject({
  vendor: z.string().optional(),
  kind: z.string().optional(),
  account: z.string().optional(),
  to: z.string().optional(),
  after: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(100_000).default(1000),
  waitMs: z.coerce.number().int().min(0).max(60_000).default(0),
});

/** The truth ledger. */
@Controller('__sandbox/ledger')
export class LedgerController {
  constructor(@Inject(TruthLedger) private readonly ledger: TruthLedger) {}

  /** Lines after a sequence; with `waitMs`, waits so long (real time) for the first one that fits. */
  @Get()
  async read(@Query() query: unknown): Promise<{ last: number; lines: LedgerLine[] }> {
    const { waitMs, ...wanted } = parseBody(querySchema, query);
    const deadline = performance.now() + waitMs;
    let lines = this.ledger.read(wanted);
    for (let left = waitMs; lines.length === 0 && left > 0; left = deadline - performance.now()) {
      await this.ledger.waitForLine(left);
      lines = this.ledger.read(wanted);
    }
    return { last: this.ledger.last, lines };
  }
}
