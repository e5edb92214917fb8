import type { DemoVendor } from './demo-vendor.ts';
import { freshbooksDemo } from './freshbooks/freshbooks-demo.ts';
import { zohoBooksDemo } from './zoho-books/zoho-books-demo.ts';

/** Vendors of the demo company besides Xero, with which the scenario began. */
export const demoVendors: readonly DemoVendor[] = [freshbooksDemo, zohoBooksDemo];
