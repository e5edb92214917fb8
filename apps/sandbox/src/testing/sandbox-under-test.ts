import { startService } from '#libs/platform';
import type { DeliveryAttempt } from '../kit/delivery-log.js';
import type { LedgerLine } from '../kit/truth-ledger.js';
import { sandboxService } from '../sandbox.service.js';

/** An authorised organisation. */
export interface TestAccount {
  readonly connectionId: string;
  readonly accountId: string;
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** What `GET /__sandbox/clients` answers. */
export interface TestClients {
  readonly vendors: {
    readonly xero: {
      readonly apiBaseUrl: string;
      readonly authBaseUrl: string;
      readonly clientId: string;
      readonly clientSecret: string;
      readonly webhookKey: string;
      readonly accounts: readonly TestAccount[];
    };
  };
  readonly twilio: {
    readonly apiBaseUrl: string;
    readonly accountSid: string;
    readonly authToken: string;
    readonly apiKeySid: string;
    readonly apiKeySecret: string;
    readonly messagingServiceSid: string;
    readonly numbers: readonly string[];
  };
}

/** A sandbox in this process, and short ways to steer it. */
export class SandboxUnderTest {
  private constructor(
    readonly url: string,
    private readonly stopService: () => Promise<boolean>,
  ) {}

  static async start(environment: Readonly<Record<string, string>> = {}): Promise<SandboxUnderTest> {
    const service = await startService(sandboxService, {
      environment: { PORT: '0', LOG_LEVEL: 'fatal', ...environment },
    });
    return new SandboxUnderTest(service.url, () => service.stop('test over'));
  }

  /** False when something was not finished in time. */
  stop(): Promise<boolean> {
    return this.stopService();
  }

  /** POST to the sandbox's API; throws with the answer's text when it is refused. */
  async post<T = unknown>(path: string, body: object = {}): Promise<T> {
    return this.call<T>('POST', path, body);
  }

  async get<T = unknown>(path: string): Promise<T> {
    return this.call<T>('GET', path);
  }

  async delete<T = unknown>(path: string): Promise<T> {
    return this.call<T>('DELETE', path);
  }

  clients(): Promise<TestClients> {
    return this.get<TestClients>('/clients');
  }

  async ledger(query = ''): Promise<LedgerLine[]> {
    return (await this.get<{ lines: LedgerLine[] }>(`/ledger${query}`)).lines;
  }

  /** Oldest first. */
  async deliveries(vendor: string): Promise<DeliveryAttempt[]> {
    const path = `/webhooks/deliveries?vendor=${vendor}&limit=1000`;
    return (await this.get<{ deliveries: DeliveryAttempt[] }>(path)).deliveries.toReversed();
  }

  /** Lets the sandbox's time all but stand, so that what is on its way stays so until {@link advance}; `/reset` ends it. */
  async holdTime(): Promise<void> {
    await this.post('/clock', { speed: 0.001 });
  }

  async advance(ms: number): Promise<void> {
    await this.post('/clock', { advanceMs: ms });
  }

  private async call<T>(method: string, path: string, body?: object): Promise<T> {
    const init = body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {};
    const response = await fetch(`${this.url}/__sandbox${path}`, { method, ...init });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${String(response.status)} ${text}`);
    return JSON.parse(text) as T;
  }
}
