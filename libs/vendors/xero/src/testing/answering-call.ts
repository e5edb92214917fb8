import type { VendorCall, VendorRequest, VendorResponse } from '#libs/vendor-kit';

/** An answer of a test: `json` in the place of a body, status 200 unless said otherwise. */
export type Reply = Partial<VendorResponse> & { readonly json?: unknown };

/** A connection to Xero that answers as a test says, and keeps what it was asked. */
export function answeringCall(
  reply: (url: URL, request: VendorRequest) => Reply,
  settings: Readonly<Record<string, string>> = {},
): { readonly call: VendorCall; readonly asked: VendorRequest[] } {
  const asked: VendorRequest[] = [];
  const call: VendorCall = {
    connection: {
      connectionId: 'c1',
      workspaceId: 'w1',
      vendor: 'xero',
      accountId: 'tenant',
      displayName: '',
      status: 'active',
      timeZone: 'UTC',
      country: null,
      currency: null,
      settings,
      updatedAt: 0,
    },
    baseUrls: { api: 'https://api.xero.com' },
    request: (request) => {
      asked.push(request);
      const { json, ...rest } = reply(new URL(request.url), request);
      return Promise.resolve({ status: 200, headers: {}, body: JSON.stringify(json), ...rest });
    },
  };
  return { call, asked };
}
