import { BadRequestException, Body, Controller, Get, HttpCode, Inject, Post } from '@nestjs/common';
import { z } from 'zod';
import { defined } from '../../kit/defined.js';
import { parseBody } from '../../kit/parse-body.js';
import { type NumberOutcome, PROBLEMS } from './messages/error-table.js';
import { type ProgressSettings, progressSchema } from './messages/progress.js';
import { TwilioDouble } from './twilio.double.js';

const e164 = z.string().regex(/^\+[1-9]\d{6,14}$/, 'must be a number in E.164, e.g. +6421555000');
const inboundSchema = z.strictObject({ from: e164, to: e164, body: z.string().max(1600) });
const knownCode = z
  .int()
  .refine((code) => PROBLEMS.has(code), { message: 'is no error code that the double knows' });
const numberSchema = z.strictObject({
  number: e164,
  outcome: z
    .union([
      z.strictObject({ on: z.literal('create'), code: knownCode }),
      z.strictObject({
        on: z.literal('delivery'),
        code: knownCode,
        status: z.enum(['undelivered', 'failed']),
      }),
      z.strictObject({ on: z.literal('delivery'), code: z.null(), status: z.literal('sent') }),
    ])
    .nullable()
    .describe('null makes it an ordinary number again'),
});

/** What a test or a script can do to the Twilio double that no Twilio API could. */
@Controller('__sandbox/twilio')
export class TwilioControlController {
  constructor(@Inject(TwilioDouble) private readonly twilio: TwilioDouble) {}

  @Post('inbound')
  @HttpCode(200)
  inbound(@Body() body: unknown): { messageSid: string; webhook: boolean } {
    const text = parseBody(inboundSchema, body);
    const received = this.twilio.receive(text);
    if (!received) throw new BadRequestException(`${text.to} is no number of the account`);
    return { messageSid: received.message.sid, webhook: received.delivered };
  }

  @Get('numbers')
  numbers(): Record<string, NumberOutcome> {
    return this.twilio.numberOutcomes();
  }

  @Post('numbers')
  @HttpCode(200)
  setNumber(@Body() body: unknown): Record<string, NumberOutcome> {
    const { number, outcome } = parseBody(numberSchema, body);
    this.twilio.setOutcome(number, outcome ?? undefined);
    return this.numbers();
  }

  @Get('progress')
  progress(): ProgressSettings {
    return this.twilio.progress.current;
  }

  @Post('progress')
  @HttpCode(200)
  setProgress(@Body() body: unknown): ProgressSettings {
    this.twilio.progress.change(defined(parseBody(progressSchema.partial(), body)));
    return this.progress();
  }

  @Get('opt-outs')
  optOuts(): { optOuts: { recipient: string; sender: string }[] } {
    return { optOuts: this.twilio.blockList.entries() };
  }
}
