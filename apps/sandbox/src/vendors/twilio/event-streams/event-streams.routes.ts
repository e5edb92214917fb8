import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { Form } from '../form.js';
import { isoSeconds, listView } from '../services.routes.js';
import { sendJson, sendTwilioProblem } from '../twilio-reply.js';
import type { EventStreams, Sink, Subscription } from './event-streams.js';

/** What the routes of `events.twilio.com` share. */
export interface EventStreamsContext {
  readonly streams: EventStreams;
  readonly accountSid: string;
  readonly baseUrl: () => string;
}

type WithSid = { Params: { sid: string } };
const configuration = z.object({ destination: z.url(), method: z.literal('POST').default('POST') });
const subscribedType = z.object({ type: z.string().min(1) });

/** `events.twilio.com/v1`: webhook sinks and their subscriptions. */
export function addEventStreamsRoutes(server: FastifyInstance, context: EventStreamsContext): void {
  const { streams } = context;

  server.post('/v1/Sinks', (request, reply) => {
    const form = Form.ofBody(request);
    const settings = configuration.safeParse(parse(form.text('SinkConfiguration')));
    if (form.text('SinkType') !== 'webhook' || !settings.success)
      return sendTwilioProblem(reply, 20001, 'a webhook sink needs SinkConfiguration with a destination');
    const sink = streams.createSink(form.text('Description') ?? '', settings.data.destination);
    return sendJson(reply, 201, sinkView(context, sink));
  });

  server.get('/v1/Sinks', (_request, reply) => {
    const sinks = streams.allSinks().map((sink) => sinkView(context, sink));
    return sendJson(reply, 200, listView(`${context.baseUrl()}/v1/Sinks`, 'sinks', sinks));
  });

  server.delete<WithSid>('/v1/Sinks/:sid', (request, reply) =>
    streams.deleteSink(request.params.sid)
      ? reply.code(204).send()
      : sendTwilioProblem(reply, 20404, request.url),
  );

  server.post('/v1/Subscriptions', (request, reply) => {
    const form = Form.ofBody(request);
    const sink = streams.sink(form.text('SinkSid') ?? '');
    const types = z.array(subscribedType).min(1).safeParse(form.list('Types').map(parse));
    if (!sink || !types.success) return sendTwilioProblem(reply, 20001, 'SinkSid and Types are required');
    const wanted = types.data.map(({ type }) => type);
    const subscription = streams.subscribe(form.text('Description') ?? '', sink.sid, wanted);
    return sendJson(reply, 201, subscriptionView(context, subscription));
  });

  server.get('/v1/Subscriptions', (_request, reply) => {
    const views = streams.allSubscriptions().map((subscription) => subscriptionView(context, subscription));
    return sendJson(reply, 200, listView(`${context.baseUrl()}/v1/Subscriptions`, 'subscriptions', views));
  });
}

function sinkView({ baseUrl }: EventStreamsContext, sink: Sink): Record<string, unknown> {
  return {
    sid: sink.sid,
    description: sink.description,
    sink_type: 'webhook',
    sink_configuration: { destination: sink.destination, method: 'POST' },
    status: 'active',
    date_created: isoSeconds(sink.createdAt),
    date_updated: isoSeconds(sink.createdAt),
    url: `${baseUrl()}/v1/Sinks/${sink.sid}`,
    links: {},
  };
}

function subscriptionView(
  { accountSid, baseUrl }: EventStreamsContext,
  subscription: Subscription,
): Record<string, unknown> {
  return {
    account_sid: accountSid,
    sid: subscription.sid,
    description: subscription.description,
    sink_sid: subscription.sinkSid,
    date_created: isoSeconds(subscription.createdAt),
    date_updated: isoSeconds(subscription.createdAt),
    url: `${baseUrl()}/v1/Subscriptions/${subscription.sid}`,
    links: {},
  };
}

function parse(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '') as unknown;
  } catch {
    return undefined;
  }
}
