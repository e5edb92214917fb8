import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Form } from '../form.js';
import { isoSeconds } from '../services.routes.js';
import { sendJson, sendTwilioProblem } from '../twilio-reply.js';
import { serviceUrl, type SyncContext } from './sync-context.js';
import type { SyncItem, SyncMap, SyncService } from './sync-store.js';

interface ItemParams {
  readonly Params: { readonly service: string; readonly map: string; readonly key: string };
}

interface Place {
  readonly service: SyncService;
  readonly map: SyncMap;
}

const MAX_KEY_LENGTH = 256;
const MAX_DATA_BYTES = 16 * 1024;

/** `…/Maps/{map}/Items`: create, fetch, update and delete with `If-Match`, and the list in order of keys. */
export function addSyncItemRoutes(server: FastifyInstance, context: SyncContext): void {
  const { store } = context;
  const path = '/v1/Services/:service/Maps/:map/Items';

  server.post<ItemParams>(path, (request, reply) => {
    const place = placeOf(context, request);
    const form = Form.ofBody(request);
    const key = form.text('Key') ?? '';
    if (!place) return sendTwilioProblem(reply, 20404, request.url);
    if (key === '' || key.length > MAX_KEY_LENGTH) return sendTwilioProblem(reply, 54209);
    if (store.item(place.map, key)) return sendTwilioProblem(reply, 54208);
    return writeItem(context, reply, place, key, form, 201);
  });

  server.get<ItemParams>(path, (request, reply) => {
    const place = placeOf(context, request);
    if (!place) return sendTwilioProblem(reply, 20404, request.url);
    return sendJson(reply, 200, itemsPage(context, place, Form.ofQuery(request)));
  });

  server.get<ItemParams>(`${path}/:key`, (request, reply) => {
    const place = placeOf(context, request);
    const item = place && store.item(place.map, request.params.key);
    return place && item
      ? sendItem(context, reply, 200, place, item)
      : sendTwilioProblem(reply, 20404, request.url);
  });

  server.post<ItemParams>(`${path}/:key`, (request, reply) => {
    const place = placeOf(context, request);
    const item = place && store.item(place.map, request.params.key);
    if (!place || !item) return sendTwilioProblem(reply, 20404, request.url);
    if (!isCurrent(request, item)) return sendTwilioProblem(reply, 20412);
    return writeItem(context, reply, place, item.key, Form.ofBody(request), 200);
  });

  server.delete<ItemParams>(`${path}/:key`, (request, reply) => {
    const place = placeOf(context, request);
    const item = place && store.item(place.map, request.params.key);
    if (!place || !item) return sendTwilioProblem(reply, 20404, request.url);
    if (!isCurrent(request, item)) return sendTwilioProblem(reply, 20412);
    place.map.items.delete(item.key);
    record(context, place, item, 'delete');
    return reply.code(204).send();
  });
}

function placeOf({ store }: SyncContext, request: FastifyRequest<ItemParams>): Place | undefined {
  const service = store.service(request.params.service);
  const map = service && store.map(service, request.params.map);
  return service && map ? { service, map } : undefined;
}

/** Without `If-Match` any revision will do. */
function isCurrent(request: FastifyRequest, item: SyncItem): boolean {
  const wanted = request.headers['if-match'];
  return wanted === undefined || wanted === '*' || wanted.replaceAll('"', '') === item.revision;
}

function writeItem(
  context: SyncContext,
  reply: FastifyReply,
  place: Place,
  key: string,
  form: Form,
  status: 200 | 201,
): FastifyReply {
  const former = context.store.item(place.map, key);
  const text = form.text('Data');
  if (text !== undefined && Buffer.byteLength(text) > MAX_DATA_BYTES) return sendTwilioProblem(reply, 54006);
  const data = text === undefined ? (former?.data ?? {}) : parse(text);
  if (data === undefined) return sendTwilioProblem(reply, 20001, 'Data must be JSON');
  const ttl = form.text('Ttl') ?? form.text('ItemTtl');
  const item = context.store.write(place.map, key, data, ttl === undefined ? undefined : Number(ttl));
  record(context, place, item, former ? 'update' : 'create');
  return sendItem(context, reply, status, place, item);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function record({ ledger, accountSid }: SyncContext, place: Place, item: SyncItem, action: string): void {
  ledger.record({
    vendor: 'twilio',
    kind: 'sync-item',
    action,
    account: accountSid,
    id: item.key,
    key: item.revision,
    to: place.map.uniqueName ?? place.map.sid,
    body: JSON.stringify(item.data),
  });
}

function sendItem(
  context: SyncContext,
  reply: FastifyReply,
  status: number,
  place: Place,
  item: SyncItem,
): FastifyReply {
  void reply.header('etag', `"${item.revision}"`);
  return sendJson(reply, status, itemView(context, place, item));
}

function itemsPage(context: SyncContext, place: Place, query: Form): Record<string, unknown> {
  const pageSize = query.whole('PageSize', 1, 100, 50);
  const after = query.text('PageToken');
  const items = context.store.itemsAfter(place.map, after);
  const url = `${serviceUrl(context, place.service)}/Maps/${place.map.sid}/Items`;
  const shown = items.slice(0, pageSize);
  const last = shown.at(-1)?.key ?? '';
  const next =
    items.length > pageSize
      ? `${url}?PageSize=${String(pageSize)}&PageToken=${encodeURIComponent(last)}`
      : null;
  return {
    items: shown.map((item) => itemView(context, place, item)),
    meta: {
      page: 0,
      page_size: pageSize,
      first_page_url: `${url}?PageSize=${String(pageSize)}`,
      previous_page_url: null,
      url: `${url}?PageSize=${String(pageSize)}`,
      next_page_url: next,
      key: 'items',
    },
  };
}

function itemView(context: SyncContext, place: Place, item: SyncItem): Record<string, unknown> {
  return {
    key: item.key,
    account_sid: context.accountSid,
    service_sid: place.service.sid,
    map_sid: place.map.sid,
    url: `${serviceUrl(context, place.service)}/Maps/${place.map.sid}/Items/${encodeURIComponent(item.key)}`,
    revision: item.revision,
    data: item.data,
    date_expires: item.expiresAt === null ? null : isoSeconds(item.expiresAt),
    date_created: isoSeconds(item.createdAt),
    date_updated: isoSeconds(item.updatedAt),
    created_by: 'system',
  };
}
