import { z } from 'zod';
import { type Clock } from '#libs/core';
import type { WatchedService } from '../console.config.js';

/** How a service is, by its own word. */
export interface ServiceState {
  readonly name: string;
  readonly state: 'up' | 'down' | 'unreachable';
  /** Parts that it says are down. */
  readonly failing: readonly string[];
  /** What connections have used of their vendor's limits, by connection id, where the service calls a vendor. */
  readonly limits: Readonly<Record<string, string>>;
}

const TIMEOUT_MS = 2_000;
const FRESH_MS = 2_000;

/** Asks the watched services for their readiness, side by side; an answer serves all pages of the next moment. */
export class ServiceHealth {
  private askedAt = -Infinity;
  private answer: Promise<ServiceState[]> = Promise.resolve([]);

  constructor(
    private readonly services: readonly WatchedService[],
    private readonly clock: Clock,
  ) {}

  /** Never rejects: a service that does not answer is `unreachable`. */
  states(): Promise<readonly ServiceState[]> {
    if (this.clock.now() - this.askedAt >= FRESH_MS) {
      this.askedAt = this.clock.now();
      this.answer = Promise.all(this.services.map(stateOf));
    }
    return this.answer;
  }
}

async function stateOf({ name, url }: WatchedService): Promise<ServiceState> {
  try {
    const response = await fetch(`${url}/health/ready`, {
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const body: unknown = await response.json();
    const failing = response.ok ? [] : failingParts(body);
    return { name, state: response.ok ? 'up' : 'down', failing, limits: limitsIn(body) };
  } catch {
    return { name, state: 'unreachable', failing: [], limits: {} };
  }
}

/** Terminus names what is down under `error`. */
function failingParts(body: unknown): string[] {
  if (typeof body !== 'object' || body === null || !('error' in body)) return [];
  return typeof body.error === 'object' && body.error !== null ? Object.keys(body.error) : [];
}

const healthWithLimits = z.object({
  details: z.object({ 'vendor-limits': z.record(z.string(), z.string()) }),
});

/** A fetcher tells of each connection beside the part's status. */
function limitsIn(body: unknown): Record<string, string> {
  const { status: _status, ...limits } =
    healthWithLimits.safeParse(body).data?.details['vendor-limits'] ?? {};
  return limits;
}
