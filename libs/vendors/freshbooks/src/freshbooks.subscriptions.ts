import {
  readJsonAnswer,
  type RemoteSubscription,
  type SubscriptionCall,
  VendorError,
  type VendorRequest,
  type VendorSubscriptions,
} from '#libs/vendor-kit';
import { z } from 'zod';
import { eventsRoute } from './freshbooks.webhook.js';

/** A noun alone stands for all its verbs (freshbooks.com/api/webhooks), so that one callback each is enough. */
const events = ['invoice', 'payment', 'client', 'bill', 'bill_vendor', 'expense'] as const;

const id = z.union([z.string(), z.number()]).transform(String);
const callback = z.object({
  callbackid: id,
  event: z.string(),
  uri: z.string(),
  verified: z.boolean().default(false),
});
const one = z.object({ response: z.object({ result: z.object({ callback }) }) });
const many = z.object({
  response: z.object({ result: z.object({ callbacks: z.array(callback), pages: z.number().default(1) }) }),
});
const anything = z.unknown();
/** More callbacks than this nobody has; a list that never ends must not be read for ever. */
const MAX_PAGES = 20;

/** FreshBooks' callbacks API: each callback has a URL, a handshake and a secret of its own. */
export const freshbooksSubscriptions: VendorSubscriptions = {
  events,
  route: eventsRoute,
  register: async (call, event, url) => {
    const body = { callback: { event, uri: url } };
    return remoteOf((await send(call, 'callback.create', 'POST', '', one, body)).response.result.callback);
  },
  list: async (call) => {
    const found: RemoteSubscription[] = [];
    for (let page = 1, pages = 1; page <= Math.min(pages, MAX_PAGES); page += 1) {
      const query = `?page=${page}&per_page=100`;
      const { result } = (await send(call, 'callback.list', 'GET', query, many)).response;
      found.push(...result.callbacks.map(remoteOf));
      pages = result.pages;
    }
    return found;
  },
  confirm: async (call, remoteId, secret) => {
    const body = { callback: { callback_id: remoteId, verifier: secret } };
    await send(call, 'callback.verify', 'PUT', `/${encodeURIComponent(remoteId)}`, anything, body);
  },
  askForProof: async (call, remoteId) => {
    const body = { callback: { callback_id: remoteId, resend: true } };
    await send(call, 'callback.resend', 'PUT', `/${encodeURIComponent(remoteId)}`, anything, body);
  },
  remove: async (call, remoteId) => {
    try {
      await send(call, 'callback.delete', 'DELETE', `/${encodeURIComponent(remoteId)}`, undefined);
    } catch (error) {
      // Removed before, by us or by its owner.
      if (!(error instanceof VendorError) || error.code !== 'vendor-not-found') throw error;
    }
  },
};

function remoteOf({ callbackid, event, uri, verified }: z.infer<typeof callback>): RemoteSubscription {
  return { remoteId: callbackid, event, url: uri, verified };
}

/** Everything but a registration may be repeated: whether FreshBooks would make a second callback is not documented. */
async function send<T>(
  call: SubscriptionCall,
  operation: string,
  method: VendorRequest['method'],
  path: string,
  answer: z.ZodType<T> | undefined,
  body?: object,
): Promise<T> {
  const request: VendorRequest = {
    operation,
    operationClass: method === 'GET' ? 'read' : 'write',
    method,
    url: `${call.baseUrls['api']}/events/account/${encodeURIComponent(call.accountId)}/events/callbacks${path}`,
    headers: {
      accept: 'application/json',
      ...call.headers,
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    repeatable: method !== 'POST',
  };
  const response = await call.request(request);
  return answer === undefined
    ? (undefined as T)
    : readJsonAnswer('freshbooks', request, response.body, answer);
}
