import {
  Body,
  Controller,
  Delete,
  Get,
  Header,
  HttpCode,
  Inject,
  Param,
  Patch,
  Post,
  Query,
  UseFilters,
  UseGuards,
} from '@nestjs/common';
import type { ConnectionRow, ReauthorisationAlert, WebhookSubscription } from '#libs/persistence';
import { OperatorTokenGuard } from '#libs/platform';
import { ApiErrorFilter } from '../http/api-error.filter.js';
import { InvalidInput } from '../http/invalid-input.js';
import { refusal } from '../refusal.js';
import type { KeyReport, RotationResult } from '../maintenance/key-rotation.js';
import { connectPath } from '../connect/connect-path.js';
import { PUBLIC_BASE_URL } from '../injection-tokens.js';
import { connectionOf } from '../publish/announcer.js';
import { type KnownVendor, TokenBroker } from '../token-broker.js';
import {
  connectionUpdateInput,
  connectLinkInput,
  disconnectQuery,
  keyConnectionInput,
  workspaceQuery,
} from './connection-input.js';
import type { WebhookSetup } from './service-keys.js';

/** A connection as operators see it: what every service knows, and whether all of them know it yet. */
type ConnectionView = ReturnType<typeof viewOf>;

/** A webhook subscription as operators see it. */
type SubscriptionView = ReturnType<typeof subscriptionViewOf>;

/** A vendor as operators see it. */
type VendorView = ReturnType<typeof vendorViewOf>;

/** An open alert as operators see it. */
type AlertView = ReturnType<typeof alertViewOf>;

/** The operator's part: bearer LEDGERWIRE_OPERATOR_TOKEN. No answer holds a secret but `webhook-setup`, which is there to tell it. */
@Controller()
@UseGuards(OperatorTokenGuard)
@UseFilters(ApiErrorFilter)
export class ConnectionsController {
  constructor(
    @Inject(TokenBroker) private readonly broker: TokenBroker,
    @Inject(PUBLIC_BASE_URL) private readonly publicBaseUrl: string,
  ) {}

  /** Every vendor of the build: how accounts there are connected, and which keys that takes. */
  @Get('vendors')
  vendors(): { vendors: readonly VendorView[] } {
    return { vendors: this.broker.vendors().map(vendorViewOf) };
  }

  @Get('connections')
  async list(@Query() query: unknown): Promise<{ connections: readonly ConnectionView[] }> {
    const { workspaceId } = InvalidInput.read(workspaceQuery, query);
    return { connections: (await this.broker.desk.list(workspaceId)).map(viewOf) };
  }

  @Get('connections/:connectionId')
  async get(@Param('connectionId') connectionId: string): Promise<ConnectionView> {
    return viewOf(await this.broker.desk.get(connectionId));
  }

  /** Webhook subscriptions that are kept at the vendor, and how far each is; none for vendors without such. */
  @Get('connections/:connectionId/subscriptions')
  async subscriptions(
    @Param('connectionId') connectionId: string,
  ): Promise<{ subscriptions: readonly SubscriptionView[] }> {
    await this.broker.desk.get(connectionId);
    return { subscriptions: (await this.broker.subscriptions.list(connectionId)).map(subscriptionViewOf) };
  }

  @Post('connections')
  async connect(@Body() body: unknown): Promise<ConnectionView> {
    return viewOf(await this.broker.desk.connectWithKeys(InvalidInput.read(keyConnectionInput, body)));
  }

  @Patch('connections/:connectionId')
  async update(@Param('connectionId') connectionId: string, @Body() body: unknown): Promise<ConnectionView> {
    return viewOf(
      await this.broker.desk.update(connectionId, InvalidInput.read(connectionUpdateInput, body)),
    );
  }

  @Delete('connections/:connectionId')
  async disconnect(
    @Param('connectionId') connectionId: string,
    @Query() query: unknown,
  ): Promise<ConnectionView> {
    const { force } = InvalidInput.read(disconnectQuery, query);
    return viewOf(await this.broker.desk.disconnect(connectionId, force));
  }

  /** What a person enters at the vendor so that it sends us webhooks signed for this connection. */
  @Get('connections/:connectionId/webhook-setup')
  @Header('cache-control', 'no-store')
  webhookSetup(@Param('connectionId') connectionId: string): Promise<WebhookSetup> {
    return this.broker.serviceKeys.webhookSetup(connectionId);
  }

  /** Who has to authorise again, oldest first. */
  @Get('alerts')
  async alerts(@Query() query: unknown): Promise<{ alerts: readonly AlertView[] }> {
    const { workspaceId } = InvalidInput.read(workspaceQuery, query);
    return { alerts: (await this.broker.desk.alerts(workspaceId)).map(alertViewOf) };
  }

  /** A link for a customer, by which one vendor's account can be connected to one workspace. */
  @Post('connect-links')
  createLink(@Body() body: unknown): { url: string; expiresAt: number } {
    const { lifetimeMinutes, ...asked } = InvalidInput.read(connectLinkInput, body);
    const { auth, vendor } = this.broker.assertConnectable(asked.vendor);
    if (asked.mayWrite && !auth.writeScopes)
      throw refusal(
        'vendor-writes-nothing',
        `Ledgerwire writes nothing to ${vendor.manifest.name}; leave out mayWrite`,
      );
    const link = this.broker.links.create(asked, lifetimeMinutes * 60_000);
    return { url: this.publicBaseUrl + connectPath(link), expiresAt: link.expiresAt };
  }

  @Get('master-keys')
  masterKeys(): Promise<KeyReport> {
    return this.broker.keyRotation.report();
  }

  /** Seals every secret anew under the current master key; can be repeated. */
  @Post('master-keys/rotation')
  @HttpCode(200)
  rotate(): Promise<RotationResult> {
    return this.broker.keyRotation.run();
  }
}

function viewOf(row: ConnectionRow) {
  return { ...connectionOf(row), published: row.publishedRevision >= row.revision, createdAt: row.createdAt };
}

function vendorViewOf({ vendor, configured }: KnownVendor) {
  const { manifest, auth, subscriptions } = vendor;
  const variables = auth.kind === 'oauth2' ? manifest.appCredentials : [];
  return {
    id: manifest.id,
    name: manifest.name,
    auth: auth.kind === 'oauth2' ? ('consent' as const) : ('keys' as const),
    configured,
    subscribes: subscriptions !== undefined,
    variables: variables.map(({ environmentVariable }) => environmentVariable),
    fields:
      auth.kind === 'oauth2'
        ? []
        : auth.fields.map(({ name, label, required, secret, help }) => ({
            name,
            label,
            required,
            secret,
            help,
          })),
  };
}

function alertViewOf({
  alertId,
  workspaceId,
  vendor,
  connectionIds,
  reason,
  raisedAt,
}: ReauthorisationAlert) {
  return { alertId, workspaceId, vendor, connectionIds, reason, raisedAt };
}

function subscriptionViewOf({
  event,
  status,
  remoteId,
  problem,
  attempts,
  dueAt,
  updatedAt,
}: WebhookSubscription) {
  return { event, status, remoteId, problem, attempts, dueAt, updatedAt };
}
