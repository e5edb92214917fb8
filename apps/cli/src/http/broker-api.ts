import { z } from 'zod';
import type { ApiClient } from './api-client.js';
import { connectionsAnswer } from './console-answers.js';

const vendor = z.looseObject({
  id: z.string(),
  name: z.string(),
  auth: z.enum(['consent', 'keys']),
  configured: z.boolean(),
  /** Token-broker keeps webhook subscriptions there. */
  subscribes: z.boolean(),
  /** What has to be set for token-broker when it is not configured. */
  variables: z.array(z.string()),
  fields: z.array(
    z.looseObject({
      name: z.string(),
      label: z.string(),
      required: z.boolean(),
      secret: z.boolean(),
      help: z.string(),
    }),
  ),
});

/** A vendor of the build, and how accounts at it are connected. */
export type VendorAnswer = z.output<typeof vendor>;
const vendorsAnswer = z.looseObject({ vendors: z.array(vendor) });
const linkAnswer = z.looseObject({ url: z.string(), expiresAt: z.number() });
const connectedAnswer = connectionsAnswer.shape.connections.element;
const webhookSetup = z.looseObject({ paths: z.array(z.string()), secret: z.string() });
const subscriptionsAnswer = z.looseObject({
  subscriptions: z.array(
    z.looseObject({ event: z.string(), status: z.string(), problem: z.string().nullable() }),
  ),
});
/** Webhook subscriptions of a connection. */
export type SubscriptionAnswer = z.output<typeof subscriptionsAnswer>['subscriptions'][number];
const alertsAnswer = z.looseObject({
  alerts: z.array(
    z.looseObject({
      workspaceId: z.string(),
      vendor: z.string(),
      connectionIds: z.array(z.string()),
      reason: z.string(),
      raisedAt: z.number(),
    }),
  ),
});

/** Token-broker's operator API. Each call is one request; it throws as `ApiClient.ask`. */
export class BrokerApi {
  constructor(private readonly client: ApiClient) {}

  async vendors() {
    return (await this.client.ask('/vendors', vendorsAnswer)).vendors;
  }

  async connections(workspaceId?: string) {
    return (await this.client.ask('/connections', connectionsAnswer, { query: { workspaceId } })).connections;
  }

  connectLink(vendorId: string, workspaceId: string, lifetimeMinutes: number, mayWrite: boolean) {
    return this.client.ask('/connect-links', linkAnswer, {
      method: 'POST',
      body: { vendor: vendorId, workspaceId, lifetimeMinutes, ...(mayWrite && { mayWrite }) },
    });
  }

  connectWithKeys(request: {
    readonly vendor: string;
    readonly workspaceId: string;
    readonly credentials: Readonly<Record<string, string>>;
    readonly settings: Readonly<Record<string, string>>;
  }) {
    return this.client.ask('/connections', connectedAnswer, { method: 'POST', body: request });
  }

  /** The one answer with a secret: what a person enters at the vendor. */
  webhookSetup(connectionId: string) {
    return this.client.ask(`/connections/${encodeURIComponent(connectionId)}/webhook-setup`, webhookSetup);
  }

  async subscriptions(connectionId: string) {
    const path = `/connections/${encodeURIComponent(connectionId)}/subscriptions`;
    return (await this.client.ask(path, subscriptionsAnswer)).subscriptions;
  }

  async alerts() {
    return (await this.client.ask('/alerts', alertsAnswer)).alerts;
  }
}
