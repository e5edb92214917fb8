import { z } from 'zod';
import type { Address } from '../config/addresses.js';
import { CliError } from '../cli-error.js';
import { explainRefusal } from './explain-refusal.js';

/** A service refused a request; the message says why, in its words, and what to do. */
export class ApiRefusal extends CliError {
  override readonly name = 'ApiRefusal';

  constructor(
    message: string,
    readonly status: number,
    /** The body of the answer; undefined when it is no JSON. */
    readonly body: unknown,
  ) {
    super(message);
  }
}

/** A request besides its path. */
export interface ApiRequest {
  readonly method?: 'GET' | 'POST' | 'PUT';
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Longer than the services wait for their own database and log. */
const TIMEOUT_MS = 30_000;

/** Speaks JSON with one service in the operator's name. */
export class ApiClient {
  private found: Address | undefined;

  constructor(
    /** As people call it, e.g. `The console`. */
    private readonly service: string,
    /** Looked up for the first request, so that what is wrong with the command line is told before. */
    private readonly findAddress: () => Address,
    private readonly signal: AbortSignal,
  ) {}

  private get address(): Address {
    this.found ??= this.findAddress();
    return this.found;
  }

  /**
   * @throws CliError when the service does not answer, or not in the shape that is expected; ApiRefusal when it refuses.
   */
  async ask<T extends z.ZodType>(path: string, schema: T, request: ApiRequest = {}): Promise<z.output<T>> {
    const response = await this.open(path, request, AbortSignal.timeout(TIMEOUT_MS));
    const text = await this.reading(response.text());
    if (!response.ok) throw this.refusal(response.status, text);
    const parsed = schema.safeParse(jsonOrUndefined(text));
    if (parsed.success) return parsed.data;
    throw new CliError(
      `${this.service} at ${this.address.url} answered ${path} in a form that this version does not know. Is it of the same version as this command, and is the address right (${this.address.source})?`,
    );
  }

  /** An answer that goes on, e.g. a stream of events. @throws as {@link ask} */
  async stream(path: string, request: ApiRequest = {}): Promise<Response> {
    const response = await this.open(path, request);
    if (!response.ok) throw this.refusal(response.status, await this.reading(response.text()));
    return response;
  }

  private async open(path: string, request: ApiRequest, deadline?: AbortSignal): Promise<Response> {
    const { method = 'GET', query = {}, body, headers } = request;
    const given = Object.entries(query).flatMap(([name, value]): [string, string][] =>
      value === undefined ? [] : [[name, String(value)]],
    );
    const search = given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`;
    return this.reading(
      fetch(`${this.address.url}${path}${search}`, {
        method,
        redirect: 'error',
        signal: deadline ? AbortSignal.any([this.signal, deadline]) : this.signal,
        headers: {
          authorization: `Bearer ${this.address.token.reveal()}`,
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    );
  }

  private async reading<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      if (this.signal.aborted) throw error;
      throw new CliError(
        `${this.service} does not answer at ${this.address.url} (${causeOf(error)}). Is it running, and is the address right (${this.address.source})?`,
        { cause: error },
      );
    }
  }

  private refusal(status: number, text: string): ApiRefusal {
    const body = jsonOrUndefined(text);
    return new ApiRefusal(explainRefusal(this.service, this.address, status, body), status, body);
  }
}

/** What the system says of a failed request, e.g. ECONNREFUSED. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown reason';
  if (error.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS / 1_000} s`;
  const { cause } = error;
  if (typeof cause === 'object' && cause !== null && 'code' in cause) return String(cause.code);
  return error.name;
}

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
