import type { Clock } from '#libs/core';
import CircuitBreaker from 'opossum';
import { EventEmitter } from 'node:events';

/** State of a breaker, in the words of its metric: 0 closed, 1 half-open, 2 open. */
export type BreakerState = 'closed' | 'half-open' | 'open';

/** When a breaker opens and how long it stays so. */
export interface BreakerOptions {
  /** Counts failures of this window, in milliseconds. */
  readonly windowMs: number;
  /** Does not open with fewer requests in the window. */
  readonly minimumRequests: number;
  /** Opens above this share of failures, in per cent. */
  readonly failurePercentage: number;
  /** Time from opening to the next try, in milliseconds. */
  readonly openMs: number;
}

/** Defaults: five requests and more than half of them failed within half a minute; then half a minute of rest. */
export const defaultBreakerOptions: BreakerOptions = {
  windowMs: 30_000,
  minimumRequests: 5,
  failurePercentage: 50,
  openMs: 30_000,
};

/** Thrown by {@link ConnectionBreaker.run} instead of running when the breaker is open. */
export class BreakerOpen extends Error {
  override readonly name = 'BreakerOpen';
  constructor(readonly nextTryInMs: number) {
    super('circuit breaker is open');
  }
}

type Action = () => Promise<unknown>;

/** `state` restores a breaker (opossum README, "Breaker State Initialization"); its types lack it. */
type RestorableOptions = CircuitBreaker.Options<[Action]> & {
  readonly state?: { readonly closed: boolean; readonly halfOpen: boolean };
};

const BUCKETS = 10;
/** While one try is under way in the half-open state, the others are told to come back after this. */
const TRIAL_WAIT_MS = 1000;
/** opossum's own reset timer runs on the machine's clock; ours decides, so it is put out of reach (it is unref'd). */
const NEVER_MS = 2_147_483_647;

/**
 * An opossum breaker that lives on the injected clock and has no timers of its own: its counting window is moved and its
 * rest is ended when it is used. opossum's time-out stays off (it would reject without stopping the call; issues 780, 861);
 * the transport gives each call its own deadline.
 */
export class ConnectionBreaker {
  private readonly rotation = new EventEmitter();
  private circuit: CircuitBreaker<[Action]>;
  private rotatedAt: number;
  private openedAt = 0;

  constructor(
    private readonly clock: Clock,
    private readonly options: BreakerOptions,
    private readonly isVendorFailure: (error: unknown) => boolean,
    private readonly onTransition: (to: BreakerState) => void,
  ) {
    this.rotatedAt = clock.now();
    this.circuit = this.createCircuit('closed');
  }

  get state(): BreakerState {
    this.catchUp();
    if (this.circuit.opened) return 'open';
    return this.circuit.halfOpen ? 'half-open' : 'closed';
  }

  /** Milliseconds until a request may be tried, 0 = now. */
  get nextTryInMs(): number {
    const state = this.state;
    if (state === 'open') return Math.max(this.openedAt + this.options.openMs - this.clock.now(), 1);
    return state === 'half-open' && !this.circuit.pendingClose ? TRIAL_WAIT_MS : 0;
  }

  /**
   * Runs the action and counts its outcome; in the half-open state one at a time, whose success closes the breaker.
   * @throws BreakerOpen when it does not run it; else what the action throws.
   */
  async run<T>(action: () => Promise<T>): Promise<T> {
    const nextTryInMs = this.nextTryInMs;
    if (nextTryInMs > 0) throw new BreakerOpen(nextTryInMs);
    return (await this.circuit.fire(action)) as T;
  }

  /** Ends it; nothing may be run any more. */
  dispose(): void {
    this.circuit.shutdown();
  }

  private createCircuit(state: 'closed' | 'half-open'): CircuitBreaker<[Action]> {
    const circuit = new CircuitBreaker<[Action]>((action) => action(), this.circuitOptions(state));
    circuit.on('open', () => {
      this.openedAt = this.clock.now();
      this.onTransition('open');
    });
    circuit.on('close', () => this.onTransition('closed'));
    return circuit;
  }

  private circuitOptions(state: 'closed' | 'half-open'): RestorableOptions {
    return {
      timeout: false,
      resetTimeout: NEVER_MS,
      rollingCountTimeout: this.options.windowMs,
      rollingCountBuckets: BUCKETS,
      rollingPercentilesEnabled: false,
      enableSnapshots: false,
      rotateBucketController: this.rotation,
      volumeThreshold: this.options.minimumRequests,
      errorThresholdPercentage: this.options.failurePercentage,
      errorFilter: (error: unknown) => !this.isVendorFailure(error),
      ...(state === 'half-open' && { state: { closed: false, halfOpen: true } }),
    };
  }

  /** Brings the counting window and the state up to the clock. */
  private catchUp(): void {
    const now = this.clock.now();
    const sliceMs = this.options.windowMs / BUCKETS;
    const slices = Math.floor((now - this.rotatedAt) / sliceMs);
    for (let turn = 0; turn < Math.min(slices, BUCKETS); turn++) this.rotation.emit('rotate');
    if (slices > 0) this.rotatedAt += slices * sliceMs;
    if (this.circuit.opened && now >= this.openedAt + this.options.openMs) this.halfOpen();
  }

  /** opossum has no way to end the rest from outside, but it can be made anew in a given state; late answers of the old one do not count. */
  private halfOpen(): void {
    this.circuit.shutdown();
    this.circuit = this.createCircuit('half-open');
    this.onTransition('half-open');
  }
}
