import { Module } from '@nestjs/common';
import { TwilioControlController } from './twilio-control.controller.js';
import { TwilioDouble } from './twilio.double.js';

/** The Twilio double and its part of the sandbox's API. */
@Module({ providers: [TwilioDouble], controllers: [TwilioControlController], exports: [TwilioDouble] })
export class TwilioModule {}
