import { createVendorRegistry } from '#libs/vendor-kit';
import { freshbooks } from '#libs/vendors/freshbooks';
import { twilio } from '#libs/vendors/twilio';
import { xero } from '#libs/vendors/xero';
import { zohoBooks } from '#libs/vendors/zoho-books';

/** Every vendor of this build. To add one, add its folder and a line here. */
export const vendors = createVendorRegistry([xero, freshbooks, zohoBooks, twilio]);
