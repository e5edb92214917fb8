import { Module } from '@nestjs/common';
import { FreshbooksControlController } from './freshbooks-control.controller.js';
import { FreshbooksDouble } from './freshbooks.double.js';

/** The FreshBooks double and its part of the sandbox's API. */
@Module({
  providers: [FreshbooksDouble],
  controllers: [FreshbooksControlController],
  exports: [FreshbooksDouble],
})
export class FreshbooksModule {}
