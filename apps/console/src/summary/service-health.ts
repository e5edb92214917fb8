import { type Clock } from '#libs/core';
import type { WatchedService } from '../console.config.js';

/** How a service is, by its own word. */
export interface ServiceState {
  readonly name: string;
  readonly state: 'up' | 'down' | 'unreachable';
  /** Parts that it says are down. */
  readonly failing: readonly string[];
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
    const failing = response.ok ? [] : failingParts(await response.json());
    return { name, state: response.ok ? 'up' : 'down', failing };
  } catch {
    return { name, state: 'unreachable', failing: [] };
  }
}

/** Terminus names what is down under `error`. */
function failingParts(body: unknown): string[] {
  if (typeof body !== 'object' || body === null || !('error' in body)) return [];
  return typeof body.error === 'object' && body.error !== null ? Object.keys(body.error) : [];
}
