import type { Connection } from '#libs/contracts';
import { type Clock, codeOf } from '#libs/core';
import { type BreakerOptions, BreakerOpen, defaultBreakerOptions } from './breaker/connection-breaker.js';
import { type BreakerReport, BreakerSet } from './breaker/breaker-set.js';
import type {
  AppCredentials,
  AuthCall,
  BaseUrls,
  ErrorTable,
  OperationClass,
  VendorCall,
  VendorDefinition,
  VendorRequest,
  VendorResponse,
} from './contract.js';
import { answerError, forbiddenError, isVendorFailure, transportError } from './error-classifier.js';
import { type FaultPoints, noFaultPoints } from './fault-points.js';
import { type HttpTransport, TransportFailure } from './http/http-transport.js';
import { ConnectionLimiter, type Limits, type LimitUsage, type Permit } from './limits/connection-limiter.js';
import { LruMap } from './lru-map.js';
import { RefusedOperations } from './refused-operations.js';
import type { TokenSource } from './tokens/token-source.js';
import { VendorError } from './vendor-error.js';
import type { VendorMetrics } from './vendor.metrics.js';

/** What a {@link VendorRuntime} is made of. */
export interface VendorRuntimeOptions {
  readonly vendor: VendorDefinition;
  readonly baseUrls: BaseUrls;
  readonly transport: HttpTransport;
  readonly tokens: TokenSource;
  readonly clock: Clock;
  readonly metrics: VendorMetrics;
  readonly faultPoints?: FaultPoints;
  readonly breaker?: BreakerOptions;
  /** Longest wait for the limiter before work is parked instead. */
  readonly maxWaitMs?: number;
  /** Connections whose limiter and breakers are kept. */
  readonly maxConnections?: number;
}

/** How a call may use a connection. */
export interface CallOptions {
  /** Polls and backfills: they wait behind webhooks and leave a part of the limits to them. */
  readonly background?: boolean;
}

/** What a call shows to the vendor; keys have no `token`, for nobody renews them. */
interface UsedCredentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly token?: string;
  reject(): void;
}

/**
 * One vendor as a service calls it: credentials, limits, breakers and error classification around the transport. The layers
 * from outside in: metrics, breaker, credentials, rate limit, transport; a refused token is renewed and a read whose
 * socket was just closing is repeated, once each, and nothing else is repeated here: that is the runner's decision.
 */
export class VendorRuntime {
  private readonly limiters: LruMap<string, { limiter: ConnectionLimiter; settings: string }>;
  private readonly appLimiter: ConnectionLimiter;
  private readonly breakers: BreakerSet;
  private readonly refused: RefusedOperations;

  constructor(private readonly options: VendorRuntimeOptions) {
    const { vendor, metrics, clock, maxConnections = 5000 } = options;
    const { id, limits } = vendor.manifest;
    this.limiters = new LruMap(maxConnections);
    this.refused = new RefusedOperations(clock);
    this.appLimiter = this.createLimiter({
      concurrent: Number.MAX_SAFE_INTEGER,
      perMinute: limits.appPerMinute,
    });
    this.breakers = new BreakerSet({
      clock,
      options: options.breaker ?? defaultBreakerOptions,
      maxBreakers: maxConnections,
      isVendorFailure,
      onTransition: (to) => metrics.transition(id, to),
    });
    metrics.watchLimits(id, () => [...this.limitUsage().values()]);
    metrics.watchBreakers(id, () => this.breakers.troubled().map(({ state }) => state));
  }

  /** The connection as a vendor's functions want it. Cheap; make one per piece of work, so that settings are current. */
  callFor(connection: Connection, options: CallOptions = {}): VendorCall {
    const { baseUrls: common, vendor } = this.options;
    const baseUrls = vendor.manifest.baseUrlsFor?.(connection.settings, common) ?? common;
    const background = options.background ?? false;
    return {
      connection,
      baseUrls,
      request: (request) =>
        this.measured(request, async () => {
          this.assertOwnServer(request, baseUrls);
          return this.requestFor(connection, request, background);
        }),
    };
  }

  /** For the identity servers; only token-broker has the app's credentials. */
  authCall(app: AppCredentials): AuthCall {
    const { baseUrls, clock } = this.options;
    return {
      app,
      baseUrls,
      now: () => clock.now(),
      request: (request) =>
        this.measured(request, async () => {
          this.assertOwnServer(request, baseUrls);
          return this.attempt(identityOf(request), request, {}, undefined, false);
        }),
    };
  }

  /** Breakers that are not closed, for the health page. */
  troubledBreakers(): BreakerReport[] {
    return this.breakers.troubled();
  }

  /** What the connections that were called lately have used of their limits, by connection id. */
  limitUsage(): ReadonlyMap<string, LimitUsage> {
    return new Map([...this.limiters].map(([connectionId, { limiter }]) => [connectionId, limiter.usage()]));
  }

  /** Lets go of what it holds; the transport stays open, it may be shared. */
  dispose(): void {
    this.breakers.dispose();
  }

  private async measured(
    request: VendorRequest,
    run: () => Promise<VendorResponse>,
  ): Promise<VendorResponse> {
    const { clock, metrics, vendor } = this.options;
    const startedAt = clock.now();
    const note = (outcome: string): void =>
      metrics.request(vendor.manifest.id, request.operation, outcome, (clock.now() - startedAt) / 1000);
    try {
      const response = await run();
      note('ok');
      return response;
    } catch (error) {
      note(codeOf(error));
      throw error;
    }
  }

  private async requestFor(
    connection: Connection,
    request: VendorRequest,
    background: boolean,
  ): Promise<VendorResponse> {
    const { connectionId } = connection;
    const asked = { connectionId, operation: request.operation };
    let refusedToken: string | undefined;
    for (let attempt = 1; ; attempt++) {
      const credentials = await this.credentialsOf(connection, request);
      const limiter = this.limiterOf(connection);
      try {
        const response = await this.attempt(connectionId, request, credentials.headers, limiter, background);
        this.refused.forget(asked);
        return response;
      } catch (error) {
        this.reportIfGone(connectionId, error);
        if (!(error instanceof VendorError)) throw error;
        const refused = error.code === 'vendor-unauthorised';
        if (refused && this.refused.isForbidden(asked, credentials.token, refusedToken))
          throw forbiddenError(error);
        if (attempt === 2) throw error;
        if (refused) {
          refusedToken = credentials.token;
          credentials.reject();
        } else if (!(error.code === 'vendor-reset' && request.repeatable)) throw error;
      }
    }
  }

  /** In the background: the work is parked whatever becomes of the report, and the daily look finds what a lost one said. */
  private reportIfGone(connectionId: string, error: unknown): void {
    const { tokens, vendor } = this.options;
    if (vendor.auth.kind !== 'oauth2' || codeOf(error) !== 'vendor-disconnected') return;
    tokens.reportAccountGone?.(connectionId).catch(() => undefined);
  }

  private async credentialsOf(connection: Connection, request: VendorRequest): Promise<UsedCredentials> {
    const { tokens, vendor } = this.options;
    const { connectionId, accountId } = connection;
    this.assertAdmitted(connectionId, request.operationClass);
    await this.hit('vendor.before-credentials');
    if (vendor.auth.kind === 'oauth2') {
      const { accessToken } = await tokens.accessToken(connectionId);
      return {
        headers: vendor.auth.requestHeaders(accessToken, accountId),
        token: accessToken,
        reject: () => tokens.rejectAccessToken(connectionId, accessToken),
      };
    }
    const { credentials } = await tokens.credentials(connectionId);
    return {
      headers: vendor.auth.requestHeaders(credentials),
      reject: () => tokens.rejectCredentials(connectionId),
    };
  }

  private async attempt(
    connectionId: string,
    request: VendorRequest,
    credentials: Readonly<Record<string, string>>,
    limiter: ConnectionLimiter | undefined,
    background: boolean,
  ): Promise<VendorResponse> {
    const permit = await limiter?.acquire(background);
    try {
      await this.appLimiter.acquire(background).then((appPermit) => appPermit.release());
      const breaker = this.breakers.get(connectionId, request.operationClass);
      return await breaker.run(() => this.exchange(request, credentials, limiter, permit));
    } catch (error) {
      throw error instanceof BreakerOpen ? this.breakerOpen(error) : error;
    } finally {
      permit?.release();
    }
  }

  private async exchange(
    request: VendorRequest,
    credentials: Readonly<Record<string, string>>,
    limiter: ConnectionLimiter | undefined,
    permit: Permit | undefined,
  ): Promise<VendorResponse> {
    const { transport, vendor } = this.options;
    const { id, limits } = vendor.manifest;
    await this.hit('vendor.before-send');
    this.assertInTime(request);
    const response = await transport
      .send({
        method: request.method,
        url: request.url,
        headers: { 'user-agent': 'ledgerwire', ...request.headers, ...credentials },
        ...(request.body !== undefined && { body: request.body }),
      })
      .catch((error: unknown) => {
        throw error instanceof TransportFailure ? transportError(id, request, error) : error;
      });
    await this.hit('vendor.after-answer');
    const signals = limits.readSignals(response);
    if (signals.exceeded === 'app') this.appLimiter.observe(signals);
    else permit?.release(signals);
    if (isExpected(request, response, vendor.errors)) return response;
    const waitMs = Math.max(this.appLimiter.waitMs(), limiter?.waitMs() ?? 0);
    const retryAfterMs = signals.retryAfterMs ?? (signals.exceeded && waitMs);
    throw answerError(id, vendor.errors, request, response, retryAfterMs);
  }

  private assertInTime({ operation, notAfter }: VendorRequest): void {
    const { clock, vendor } = this.options;
    if (notAfter === undefined || clock.now() <= notAfter) return;
    throw new VendorError(`${operation} was held up for too long and was not sent`, {
      code: 'vendor-limit-wait',
      disposition: 'park',
      vendor: vendor.manifest.id,
      effect: 'none',
      operation,
    });
  }

  /** Credentials go to the vendor's own servers only, whatever URL an answer named. */
  private assertOwnServer(request: VendorRequest, baseUrls: BaseUrls): void {
    const origin = new URL(request.url).origin;
    if (Object.values(baseUrls).some((baseUrl) => new URL(baseUrl).origin === origin)) return;
    throw new VendorError(`${request.operation} was led to a server that is not the vendor's`, {
      code: 'vendor-bad-answer',
      disposition: 'dead-letter',
      vendor: this.options.vendor.manifest.id,
      effect: 'none',
      operation: request.operation,
    });
  }

  private assertAdmitted(connectionId: string, operationClass: OperationClass): void {
    const { nextTryInMs } = this.breakers.get(connectionId, operationClass);
    if (nextTryInMs > 0) throw this.breakerOpen(new BreakerOpen(nextTryInMs));
  }

  private breakerOpen({ nextTryInMs }: BreakerOpen): VendorError {
    return new VendorError('the vendor fails for this connection; the circuit breaker is open', {
      code: 'vendor-breaker-open',
      disposition: 'park',
      vendor: this.options.vendor.manifest.id,
      effect: 'none',
      retryAfterMs: nextTryInMs,
    });
  }

  private limiterOf(connection: Connection): ConnectionLimiter {
    const { limits, limitsOf } = this.options.vendor.manifest;
    const settings = JSON.stringify(connection.settings);
    const known = this.limiters.get(connection.connectionId);
    if (known?.settings === settings) return known.limiter;
    const wanted = { ...limits, ...limitsOf(connection.settings) };
    if (known) {
      known.limiter.setLimits(wanted);
      known.settings = settings;
      return known.limiter;
    }
    const limiter = this.createLimiter(wanted);
    this.limiters.set(connection.connectionId, { limiter, settings });
    return limiter;
  }

  private createLimiter(limits: Limits): ConnectionLimiter {
    const { clock, vendor, maxWaitMs = 2000 } = this.options;
    return new ConnectionLimiter(limits, { clock, vendor: vendor.manifest.id, maxWaitMs, maxQueue: 1000 });
  }

  private hit(point: string): Promise<void> {
    return (this.options.faultPoints ?? noFaultPoints).hit(point);
  }
}

/**
 * The name under which a call that belongs to no connection has its breaker: a vendor's data centres fail one by one, and so
 * do its customers' accounts.
 */
function identityOf({ url, subject }: VendorRequest): string {
  const { origin } = new URL(url);
  return subject === undefined ? origin : `${origin} ${subject}`;
}

function isExpected(request: VendorRequest, response: VendorResponse, errors: ErrorTable): boolean {
  const { status } = response;
  if (request.expect?.includes(status)) return true;
  return status >= 200 && status < 300 && !(errors.isRefusal?.(response) ?? false);
}
