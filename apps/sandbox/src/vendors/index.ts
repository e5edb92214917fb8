import type { VendorDouble } from '../kit/vendor-double.js';
import { FreshbooksDouble } from './freshbooks/freshbooks.double.js';
import { FreshbooksModule } from './freshbooks/freshbooks.module.js';
import { TwilioDouble } from './twilio/twilio.double.js';
import { TwilioModule } from './twilio/twilio.module.js';
import { XeroDouble } from './xero/xero.double.js';
import { XeroModule } from './xero/xero.module.js';
import { ZohoBooksDouble } from './zoho-books/zoho-books.double.js';
import { ZohoBooksModule } from './zoho-books/zoho-books.module.js';

/** Every double, in the order in which pages show them: a further vendor is one more folder and one more line. */
const DOUBLES = [
  { module: XeroModule, double: XeroDouble },
  { module: FreshbooksModule, double: FreshbooksDouble },
  { module: ZohoBooksModule, double: ZohoBooksDouble },
  { module: TwilioModule, double: TwilioDouble },
] as const;

/** What Nest is to load. */
export const VENDOR_MODULES = DOUBLES.map(({ module }) => module);

/** Injection token of all doubles. */
export const VENDOR_DOUBLES = Symbol('vendor doubles');

/** The provider behind {@link VENDOR_DOUBLES}. */
export const vendorDoublesProvider = {
  provide: VENDOR_DOUBLES,
  useFactory: (...doubles: VendorDouble[]): readonly VendorDouble[] => doubles,
  inject: DOUBLES.map(({ double }) => double),
};
