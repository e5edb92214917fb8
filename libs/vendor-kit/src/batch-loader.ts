/** Options of a {@link BatchLoader}. */
export interface BatchLoaderOptions<V> {
  /** Keys that one call takes at most. */
  readonly maxBatch: number;
  /** Fetches all keys at once; every key must be in the answer. */
  readonly fetch: (keys: readonly string[]) => Promise<ReadonlyMap<string, V>>;
  /** Whether an error of a whole batch may be the fault of one key, so that the batch is halved to find it. */
  readonly isKeyFault: (error: unknown) => boolean;
  /** Called with the size of each call. */
  readonly onCall?: (keys: number) => void;
}

interface Waiter<V> {
  readonly resolve: (value: V) => void;
  readonly reject: (error: unknown) => void;
}

type Batch<V> = ReadonlyMap<string, Waiter<V>[]>;

/**
 * Gathers single loads into batched calls. An idle loader calls in the same turn of the event loop, so that a lone load
 * never waits; while a call is in flight (or waits for the limiter) further loads gather and go together in the next. The
 * same key asked for twice before its call begins is fetched once; asked for after that, it is fetched again, because the
 * answer under way may be older than the change that the second asker knows of.
 */
export class BatchLoader<V> {
  private gathering = new Map<string, Waiter<V>[]>();
  private running = false;

  constructor(private readonly options: BatchLoaderOptions<V>) {}

  /** The value of one key. @throws what `fetch` throws for its batch. */
  load(key: string): Promise<V> {
    return new Promise((resolve, reject) => {
      const waiters = this.gathering.get(key);
      if (waiters) waiters.push({ resolve, reject });
      else this.gathering.set(key, [{ resolve, reject }]);
      if (!this.running) {
        this.running = true;
        queueMicrotask(() => void this.run());
      }
    });
  }

  /** True when nothing waits and nothing is in flight. */
  get idle(): boolean {
    return !this.running;
  }

  private async run(): Promise<void> {
    let settle = (): void => undefined;
    while (this.gathering.size > 0) {
      settle();
      settle = await this.call(this.take());
    }
    // Idle before the last answers are given out, so that who asked can forget the loader.
    this.running = false;
    settle();
  }

  private take(): Map<string, Waiter<V>[]> {
    if (this.gathering.size <= this.options.maxBatch) {
      const all = this.gathering;
      this.gathering = new Map();
      return all;
    }
    const batch = new Map([...this.gathering].slice(0, this.options.maxBatch));
    for (const key of batch.keys()) this.gathering.delete(key);
    return batch;
  }

  /** Fetches a batch; what comes back tells everybody in it how it went. */
  private async call(batch: Batch<V>): Promise<() => void> {
    try {
      this.options.onCall?.(batch.size);
      const values = await this.options.fetch([...batch.keys()]);
      return () => {
        for (const [key, waiters] of batch) answer(waiters, values.get(key));
      };
    } catch (error) {
      if (batch.size > 1 && this.options.isKeyFault(error)) return this.callHalves([...batch]);
      return () => {
        for (const waiters of batch.values()) for (const waiter of waiters) waiter.reject(error);
      };
    }
  }

  private async callHalves(entries: readonly (readonly [string, Waiter<V>[]])[]): Promise<() => void> {
    const middle = Math.ceil(entries.length / 2);
    const first = await this.call(new Map(entries.slice(0, middle)));
    const second = await this.call(new Map(entries.slice(middle)));
    return () => {
      first();
      second();
    };
  }
}

function answer<V>(waiters: readonly Waiter<V>[], value: V | undefined): void {
  for (const waiter of waiters) {
    if (value === undefined) waiter.reject(new Error('a batched fetch left out a key that was asked for'));
    else waiter.resolve(value);
  }
}
