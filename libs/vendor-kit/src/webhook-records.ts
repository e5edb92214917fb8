import type { ChangeNotice, Communication, Connection, DeliveryReport } from '#libs/contracts';
import { digestOf } from '#libs/core';
import type { MessageState } from './contract/messaging.js';
import type { ChangeEvent, CommunicationEvent, DeliveryEvent, WebhookRoute } from './contract/webhooks.js';

/** Where ingress mounts every vendor's routes. */
export const webhookRoot = '/webhooks/';

/**
 * The path of a route with its parameters filled in, e.g. `/webhooks/twilio/c1/status/…`; put the public base URL before it.
 * @throws RangeError when a parameter is missing.
 */
export function routePath(route: WebhookRoute, params: Readonly<Record<string, string>>): string {
  const filled = route.path.replace(/:([A-Za-z]+)/g, (_, name: string) => {
    const value = params[name];
    if (value === undefined) throw new RangeError(`route ${route.path} needs ${name}`);
    return encodeURIComponent(value);
  });
  return webhookRoot + filled;
}

/**
 * The route that a request came by, with its parameters, from the URL as the vendor called it; the way back from
 * {@link routePath}. undefined when none of the routes fits.
 */
export function routeOf(
  routes: readonly WebhookRoute[],
  method: string,
  publicUrl: string,
): { readonly route: WebhookRoute; readonly params: Record<string, string> } | undefined {
  const { pathname } = new URL(publicUrl);
  const given = pathname.slice(pathname.indexOf(webhookRoot) + webhookRoot.length).split('/');
  for (const route of routes) {
    const wanted = route.path.split('/');
    if (route.method !== method || wanted.length !== given.length) continue;
    const fits = wanted.every((part, i) => part.startsWith(':') || part === given[i]);
    if (!fits) continue;
    const named = wanted.flatMap((part, i) =>
      part.startsWith(':') ? [[part.slice(1), decodeURIComponent(given[i] ?? '')] as const] : [],
    );
    return { route, params: Object.fromEntries(named) };
  }
  return undefined;
}

type Account = Pick<Connection, 'connectionId' | 'workspaceId' | 'vendor'>;

/** The id of a change notice: equal for redeliveries of one change, different for two changes of one entity (DESIGN section 6). */
export function noticeIdOf(connection: Account, event: Omit<ChangeEvent, 'kind' | 'accountId'>): string {
  return digestOf(
    connection.vendor,
    connection.connectionId,
    event.entityType,
    event.entityId,
    event.changeType,
    event.sourceTime === null ? '' : String(event.sourceTime),
    event.sequence ?? '',
  );
}

/** The notice that a change event becomes once its account is known to be this connection's. */
export function changeNoticeOf(
  connection: Account,
  event: ChangeEvent,
  arrival: { readonly webhookId: string; readonly receivedAt: number },
): ChangeNotice {
  return {
    noticeId: noticeIdOf(connection, event),
    webhookId: arrival.webhookId,
    workspaceId: connection.workspaceId,
    connectionId: connection.connectionId,
    vendor: connection.vendor,
    entityType: event.entityType,
    entityId: event.entityId,
    changeType: event.changeType,
    origin: 'webhook',
    recheck: false,
    recheckToken: null,
    sourceTime: event.sourceTime,
    receivedAt: arrival.receivedAt,
  };
}

/** The report that a delivery event becomes. Its id is that of the same status found by polling. */
export function deliveryReportOf(
  connection: Account,
  event: DeliveryEvent,
  receivedAt: number,
): DeliveryReport {
  return {
    reportId: digestOf('delivery', event.messageSid, event.status),
    workspaceId: connection.workspaceId,
    connectionId: connection.connectionId,
    commandId: event.commandId,
    messageSid: event.messageSid,
    channel: event.channel,
    status: event.status,
    errorCode: event.errorCode,
    source: 'callback',
    receivedAt,
  };
}

/** The report that a polled message state becomes. */
export function polledReportOf(
  connection: Account,
  state: Pick<MessageState, 'messageSid' | 'channel' | 'status' | 'errorCode'>,
  found: { readonly commandId: string | null; readonly receivedAt: number },
): DeliveryReport {
  const event = { ...state, kind: 'delivery', accountId: '', commandId: found.commandId } as const;
  return { ...deliveryReportOf(connection, event, found.receivedAt), source: 'poll' };
}

/** The communication that an inbound message or call event becomes. */
export function communicationOf(
  connection: Account,
  event: CommunicationEvent,
  receivedAt: number,
): Communication {
  return {
    communicationId: digestOf('communication', event.sid, event.status),
    workspaceId: connection.workspaceId,
    connectionId: connection.connectionId,
    sid: event.sid,
    kind: event.communicationKind,
    direction: event.direction,
    from: event.from,
    to: event.to,
    body: event.body,
    status: event.status,
    optOutType: event.optOutType,
    messagingServiceSid: event.messagingServiceSid,
    receivedAt,
  };
}
