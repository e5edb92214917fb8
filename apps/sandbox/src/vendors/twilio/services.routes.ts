import type { FastifyInstance } from 'fastify';
import type { Clock } from '#libs/core';
import { Form } from './form.js';
import type { MessagingService, MessagingServices } from './services.js';
import type { TwilioAccount, TwilioNumber } from './twilio-account.js';
import { sendJson, sendTwilioProblem } from './twilio-reply.js';

/** What the routes of Messaging Services share. */
export interface ServicesContext {
  readonly clock: Clock;
  readonly account: TwilioAccount;
  readonly services: MessagingServices;
  /** Scheme and host under which `messaging.twilio.com` is mounted. */
  readonly baseUrl: () => string;
}

type WithSid = { Params: { sid: string } };
type WithNumber = { Params: { sid: string; numberSid: string } };

/** `messaging.twilio.com/v1/Services` and the phone numbers in them. */
export function addServiceRoutes(server: FastifyInstance, context: ServicesContext): void {
  const { services, clock } = context;
  const view = (service: MessagingService): Record<string, unknown> => serviceView(context, service);

  server.post('/v1/Services', (request, reply) => {
    const form = Form.ofBody(request);
    const name = form.text('FriendlyName');
    if (name === undefined) return sendTwilioProblem(reply, 20001, 'FriendlyName is required');
    const service = services.create(name, clock.now());
    applyForm(service, form);
    return sendJson(reply, 201, view(service));
  });

  server.get('/v1/Services', (_request, reply) =>
    sendJson(reply, 200, listView(`${context.baseUrl()}/v1/Services`, 'services', services.all().map(view))),
  );

  server.get<WithSid>('/v1/Services/:sid', (request, reply) => {
    const service = services.get(request.params.sid);
    return service ? sendJson(reply, 200, view(service)) : sendTwilioProblem(reply, 20404, request.url);
  });

  server.post<WithSid>('/v1/Services/:sid', (request, reply) => {
    const service = services.get(request.params.sid);
    if (!service) return sendTwilioProblem(reply, 20404, request.url);
    applyForm(service, Form.ofBody(request));
    service.updatedAt = clock.now();
    return sendJson(reply, 200, view(service));
  });

  server.delete<WithSid>('/v1/Services/:sid', (request, reply) =>
    services.delete(request.params.sid)
      ? reply.code(204).send()
      : sendTwilioProblem(reply, 20404, request.url),
  );

  addSenderRoutes(server, context);
}

function addSenderRoutes(server: FastifyInstance, context: ServicesContext): void {
  const { services, account } = context;

  server.get<WithSid>('/v1/Services/:sid/PhoneNumbers', (request, reply) => {
    const service = services.get(request.params.sid);
    if (!service) return sendTwilioProblem(reply, 20404, request.url);
    const numbers = service.senders.map((number) => senderView(context, service, number));
    return sendJson(
      reply,
      200,
      listView(`${serviceUrl(context, service)}/PhoneNumbers`, 'phone_numbers', numbers),
    );
  });

  server.post<WithSid>('/v1/Services/:sid/PhoneNumbers', (request, reply) => {
    const service = services.get(request.params.sid);
    const number = account.numbers.find(({ sid }) => sid === Form.ofBody(request).text('PhoneNumberSid'));
    if (!service || !number) return sendTwilioProblem(reply, 20404, request.url);
    const holder = services.holding(number.number);
    if (holder && holder !== service) return sendTwilioProblem(reply, 21712);
    if (!holder) service.senders.push(number);
    return sendJson(reply, 201, senderView(context, service, number));
  });

  server.delete<WithNumber>('/v1/Services/:sid/PhoneNumbers/:numberSid', (request, reply) => {
    const service = services.get(request.params.sid);
    const index = service?.senders.findIndex(({ sid }) => sid === request.params.numberSid) ?? -1;
    if (!service || index === -1) return sendTwilioProblem(reply, 20404, request.url);
    service.senders.splice(index, 1);
    return reply.code(204).send();
  });
}

function applyForm(service: MessagingService, form: Form): void {
  service.friendlyName = form.text('FriendlyName') ?? service.friendlyName;
  const inbound = form.raw('InboundRequestUrl');
  if (inbound !== undefined) service.inboundRequestUrl = inbound === '' ? null : inbound;
  const callback = form.raw('StatusCallback');
  if (callback !== undefined) service.statusCallback = callback === '' ? null : callback;
  const method = form.text('InboundMethod')?.toUpperCase();
  if (method === 'GET' || method === 'POST') service.inboundMethod = method;
  service.useInboundWebhookOnNumber =
    form.flag('UseInboundWebhookOnNumber') ?? service.useInboundWebhookOnNumber;
}

function serviceUrl(context: ServicesContext, service: MessagingService): string {
  return `${context.baseUrl()}/v1/Services/${service.sid}`;
}

function serviceView(context: ServicesContext, service: MessagingService): Record<string, unknown> {
  const url = serviceUrl(context, service);
  return {
    sid: service.sid,
    account_sid: context.account.sid,
    friendly_name: service.friendlyName,
    date_created: isoSeconds(service.createdAt),
    date_updated: isoSeconds(service.updatedAt),
    inbound_request_url: service.inboundRequestUrl,
    inbound_method: service.inboundMethod,
    fallback_url: null,
    fallback_method: 'POST',
    status_callback: service.statusCallback,
    sticky_sender: true,
    mms_converter: true,
    smart_encoding: true,
    scan_message_content: 'inherit',
    fallback_to_long_code: true,
    area_code_geomatch: true,
    synchronous_validation: false,
    validity_period: 36_000,
    url,
    links: { phone_numbers: `${url}/PhoneNumbers` },
    usecase: 'notifications',
    us_app_to_person_registered: false,
    use_inbound_webhook_on_number: service.useInboundWebhookOnNumber,
  };
}

function senderView(
  context: ServicesContext,
  service: MessagingService,
  number: TwilioNumber,
): Record<string, unknown> {
  return {
    sid: number.sid,
    account_sid: context.account.sid,
    service_sid: service.sid,
    phone_number: number.number,
    country_code: number.isoCountry,
    capabilities: ['SMS'],
    date_created: isoSeconds(service.createdAt),
    date_updated: isoSeconds(service.updatedAt),
    url: `${serviceUrl(context, service)}/PhoneNumbers/${number.sid}`,
  };
}

/** A list of a `v1` API that fits on one page. */
export function listView(url: string, key: string, items: readonly unknown[]): Record<string, unknown> {
  const meta = {
    page: 0,
    page_size: 50,
    first_page_url: `${url}?PageSize=50&Page=0`,
    previous_page_url: null,
    url: `${url}?PageSize=50&Page=0`,
    next_page_url: null,
    key,
  };
  return { meta, [key]: items };
}

/** ISO 8601 to the second, as the `v1` APIs write instants. */
export function isoSeconds(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19)}Z`;
}
