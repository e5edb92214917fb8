import { type Clock, LedgerwireError, sleep } from '#libs/core';
import { refusesData } from '#libs/persistence';

/** How the writer waits for the database. */
export interface PatienceOptions {
  readonly clock: Clock;
  /** Told once when the database goes away and once when it is back. */
  readonly onChange: (available: boolean, error: unknown) => void;
}

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;

/**
 * Writes to the database for as long as it takes. While it is away nothing is committed and nothing more is read, so that the
 * topic itself is the queue; parking every outcome in a store would only copy the topic.
 */
export class DatabasePatience {
  private away = false;

  constructor(private readonly options: PatienceOptions) {}

  /**
   * Tries until the write works.
   * @throws the signal's reason when the task must stop, or LedgerwireError `row-refused` (dead-letter) when the database refuses
   * the data itself.
   */
  async write(signal: AbortSignal, attempt: () => Promise<void>): Promise<void> {
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      signal.throwIfAborted();
      try {
        await attempt();
        this.told(true, undefined);
        return;
      } catch (error) {
        if (refusesData(error)) {
          throw new LedgerwireError('the database refuses a value of this record', {
            code: 'row-refused',
            disposition: 'dead-letter',
            cause: error,
          });
        }
        this.told(false, error);
        await sleep(this.options.clock, pauseMs, signal);
      }
    }
  }

  private told(available: boolean, error: unknown): void {
    if (this.away !== available) return;
    this.away = !available;
    this.options.onChange(available, error);
  }
}
