import { UserError } from '../lib/user-error.ts';

/** One request to a service or double of this system. */
export interface JsonRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/**
 * Asks for JSON.
 *
 * @throws UserError with the status and the beginning of the answer when it is not 2xx.
 */
export async function requestJson<T>(url: string, request: JsonRequest = {}): Promise<T> {
  const { method = 'GET', token, headers, body } = request;
  const response = await fetch(url, {
    method,
    signal: AbortSignal.timeout(30_000),
    headers: {
      accept: 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (response.ok) return JSON.parse(text) as T;
  throw new UserError(
    `${method} ${new URL(url).pathname} answered ${response.status}: ${text.slice(0, 300)}`,
  );
}
