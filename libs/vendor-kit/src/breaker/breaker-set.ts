import type { Clock } from '#libs/core';
import type { OperationClass } from '../contract.js';
import { LruMap } from '../lru-map.js';
import { type BreakerOptions, type BreakerState, ConnectionBreaker } from './connection-breaker.js';

/** One breaker that is not closed, for the health page. */
export interface BreakerReport {
  readonly connectionId: string;
  readonly operationClass: OperationClass;
  readonly state: BreakerState;
  readonly nextTryInMs: number;
}

interface Member {
  readonly connectionId: string;
  readonly operationClass: OperationClass;
  readonly breaker: ConnectionBreaker;
}

/** Breakers by connection and operation class, the least recently used forgotten: one tenant's trouble opens only its own. */
export class BreakerSet {
  private readonly members: LruMap<string, Member>;

  constructor(
    private readonly settings: {
      readonly clock: Clock;
      readonly options: BreakerOptions;
      readonly maxBreakers: number;
      readonly isVendorFailure: (error: unknown) => boolean;
      readonly onTransition: (to: BreakerState) => void;
    },
  ) {
    this.members = new LruMap(settings.maxBreakers, ({ breaker }) => breaker.dispose());
  }

  get(connectionId: string, operationClass: OperationClass): ConnectionBreaker {
    const { clock, options, isVendorFailure, onTransition } = this.settings;
    return this.members.getOrCreate(`${operationClass}/${connectionId}`, () => ({
      connectionId,
      operationClass,
      breaker: new ConnectionBreaker(clock, options, isVendorFailure, onTransition),
    })).breaker;
  }

  /** The breakers that are open or half-open. */
  troubled(): BreakerReport[] {
    return [...this.members.values()]
      .map(({ connectionId, operationClass, breaker }) => ({
        connectionId,
        operationClass,
        state: breaker.state,
        nextTryInMs: breaker.nextTryInMs,
      }))
      .filter(({ state }) => state !== 'closed');
  }

  dispose(): void {
    for (const { breaker } of this.members.values()) breaker.dispose();
  }
}
