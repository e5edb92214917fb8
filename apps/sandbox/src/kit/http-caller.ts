import { Agent, request } from 'undici';

/** One POST to a customer's endpoint. */
export interface Call {
  readonly url: string;
  readonly method: 'POST' | 'GET';
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** Real milliseconds until the connection must stand. */
  readonly connectTimeoutMs: number;
  /** Real milliseconds until the whole answer must be there. */
  readonly totalTimeoutMs: number;
}

/** How a call ended. */
export interface CallResult {
  readonly outcome: 'answered' | 'connect-failed' | 'timed-out' | 'broken';
  readonly status: number | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The first 4,096 characters of the answer. */
  readonly body: string;
  /** The error's code, when there was no answer. */
  readonly error: string | undefined;
  readonly durationMs: number;
}

const MAX_KEPT_CHARACTERS = 4096;
const CONNECT_CODES = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
]);

/** Calls the endpoints that customers gave the vendors, over kept-alive connections, and never follows a redirect. */
export class HttpCaller {
  private readonly agents = new Map<number, Agent>();

  async call(call: Call): Promise<CallResult> {
    const startedAt = performance.now();
    const signal = AbortSignal.timeout(call.totalTimeoutMs);
    try {
      const response = await request(call.url, {
        method: call.method,
        headers: { ...call.headers },
        body: call.body ?? null,
        dispatcher: this.agentFor(call.connectTimeoutMs),
        signal,
      });
      const body = await response.body.text();
      return {
        outcome: 'answered',
        status: response.statusCode,
        headers: response.headers,
        body: body.slice(0, MAX_KEPT_CHARACTERS),
        error: undefined,
        durationMs: performance.now() - startedAt,
      };
    } catch (error) {
      return failure(error, signal.aborted, performance.now() - startedAt);
    }
  }

  async close(): Promise<void> {
    const agents = [...this.agents.values()];
    this.agents.clear();
    await Promise.all(agents.map((agent) => agent.destroy()));
  }

  private agentFor(connectTimeoutMs: number): Agent {
    let agent = this.agents.get(connectTimeoutMs);
    if (!agent) {
      agent = new Agent({ connect: { timeout: connectTimeoutMs }, connections: 32, keepAliveTimeout: 4000 });
      this.agents.set(connectTimeoutMs, agent);
    }
    return agent;
  }
}

function failure(error: unknown, timedOut: boolean, durationMs: number): CallResult {
  const code = codeOf(error);
  const outcome = timedOut ? 'timed-out' : CONNECT_CODES.has(code) ? 'connect-failed' : 'broken';
  return {
    outcome,
    status: undefined,
    headers: {},
    body: '',
    error: timedOut ? 'TIMEOUT' : code,
    durationMs,
  };
}

function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return error instanceof Error ? error.name : 'UNKNOWN';
}
