import { Module } from '@nestjs/common';
import { XeroControlController } from './xero-control.controller.js';
import { XeroDouble } from './xero.double.js';

/** The Xero double and its part of the sandbox's API. */
@Module({ providers: [XeroDouble], controllers: [XeroControlController], exports: [XeroDouble] })
export class XeroModule {}
