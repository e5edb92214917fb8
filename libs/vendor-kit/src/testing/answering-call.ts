import type { Connection } from '#libs/contracts';
import type { BaseUrls, VendorCall, VendorRequest, VendorResponse } from '../contract.js';

/** An answer of a test: `json` in the place of a body, status 200 unless said otherwise. */
export type Reply = Partial<VendorResponse> & { readonly json?: unknown };

/** A connection to a vendor that answers as a test says, and keeps what it was asked. */
export function answeringCall(
  of: { readonly connection: Connection; readonly baseUrls: BaseUrls },
  reply: (url: URL, request: VendorRequest) => Reply,
): { readonly call: VendorCall; readonly asked: VendorRequest[] } {
  const asked: VendorRequest[] = [];
  const call: VendorCall = {
    ...of,
    request: (request) => {
      asked.push(request);
      const { json, ...rest } = reply(new URL(request.url), request);
      return Promise.resolve({ status: 200, headers: {}, body: JSON.stringify(json), ...rest });
    },
  };
  return { call, asked };
}
