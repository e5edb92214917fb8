import type { FastifyInstance, FastifyReply } from 'fastify';
import { Form } from '../form.js';
import { isoSeconds, listView } from '../services.routes.js';
import { sendJson, sendTwilioProblem } from '../twilio-reply.js';
import { serviceUrl, type SyncContext } from './sync-context.js';
import type { SyncMap, SyncService } from './sync-store.js';
import { addSyncItemRoutes } from './sync-items.routes.js';

type WithService = { Params: { service: string } };
type WithMap = { Params: { service: string; map: string } };

/** `sync.twilio.com/v1/Services` with their Maps and Items. */
export function addSyncRoutes(server: FastifyInstance, context: SyncContext): void {
  const { store } = context;

  server.post('/v1/Services', (request, reply) => {
    const form = Form.ofBody(request);
    const service = store.createService(form.text('FriendlyName') ?? '', form.text('UniqueName') ?? null);
    return sendJson(reply, 201, serviceView(context, service));
  });

  server.get('/v1/Services', (_request, reply) => {
    const services = store.services().map((service) => serviceView(context, service));
    return sendJson(reply, 200, listView(`${context.baseUrl()}/v1/Services`, 'services', services));
  });

  server.get<WithService>('/v1/Services/:service', (request, reply) => {
    const service = store.service(request.params.service);
    return service ? sendJson(reply, 200, serviceView(context, service)) : notFound(reply, request.url);
  });

  server.delete<WithService>('/v1/Services/:service', (request, reply) => {
    const service = store.service(request.params.service);
    if (!service) return notFound(reply, request.url);
    store.deleteService(service);
    return reply.code(204).send();
  });

  addMapRoutes(server, context);
  addSyncItemRoutes(server, context);
}

function addMapRoutes(server: FastifyInstance, context: SyncContext): void {
  const { store } = context;

  server.post<WithService>('/v1/Services/:service/Maps', (request, reply) => {
    const service = store.service(request.params.service);
    if (!service) return notFound(reply, request.url);
    const uniqueName = Form.ofBody(request).text('UniqueName') ?? null;
    if (uniqueName !== null && store.map(service, uniqueName)) return sendTwilioProblem(reply, 54301);
    return sendJson(reply, 201, mapView(context, service, store.createMap(service, uniqueName)));
  });

  server.get<WithService>('/v1/Services/:service/Maps', (request, reply) => {
    const service = store.service(request.params.service);
    if (!service) return notFound(reply, request.url);
    const maps = service.maps.map((map) => mapView(context, service, map));
    return sendJson(reply, 200, listView(`${serviceUrl(context, service)}/Maps`, 'maps', maps));
  });

  server.get<WithMap>('/v1/Services/:service/Maps/:map', (request, reply) => {
    const service = store.service(request.params.service);
    const map = service && store.map(service, request.params.map);
    return service && map
      ? sendJson(reply, 200, mapView(context, service, map))
      : notFound(reply, request.url);
  });

  server.delete<WithMap>('/v1/Services/:service/Maps/:map', (request, reply) => {
    const service = store.service(request.params.service);
    const map = service && store.map(service, request.params.map);
    if (!service || !map) return notFound(reply, request.url);
    store.deleteMap(service, map);
    return reply.code(204).send();
  });
}

function notFound(reply: FastifyReply, url: string): FastifyReply {
  return sendTwilioProblem(reply, 20404, url);
}

function serviceView(context: SyncContext, service: SyncService): Record<string, unknown> {
  const url = serviceUrl(context, service);
  return {
    sid: service.sid,
    account_sid: context.accountSid,
    friendly_name: service.friendlyName,
    unique_name: service.uniqueName,
    date_created: isoSeconds(service.createdAt),
    date_updated: isoSeconds(service.createdAt),
    url,
    webhook_url: null,
    webhooks_from_rest_enabled: false,
    reachability_webhooks_enabled: false,
    acl_enabled: false,
    reachability_debouncing_enabled: false,
    reachability_debouncing_window: 5000,
    links: { maps: `${url}/Maps` },
  };
}

function mapView(context: SyncContext, service: SyncService, map: SyncMap): Record<string, unknown> {
  const url = `${serviceUrl(context, service)}/Maps/${map.sid}`;
  return {
    sid: map.sid,
    unique_name: map.uniqueName,
    account_sid: context.accountSid,
    service_sid: service.sid,
    url,
    links: { items: `${url}/Items` },
    revision: '0',
    date_expires: null,
    date_created: isoSeconds(map.createdAt),
    date_updated: isoSeconds(map.updatedAt),
    created_by: 'system',
  };
}
