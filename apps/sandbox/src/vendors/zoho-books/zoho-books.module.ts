import { Module } from '@nestjs/common';
import { ZohoBooksControlController } from './zoho-books-control.controller.js';
import { ZohoBooksDouble } from './zoho-books.double.js';

/** The Zoho Books double and its part of the sandbox's API. */
@Module({
  providers: [ZohoBooksDouble],
  controllers: [ZohoBooksControlController],
  exports: [ZohoBooksDouble],
})
export class ZohoBooksModule {}
