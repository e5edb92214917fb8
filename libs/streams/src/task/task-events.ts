/** What a task tells about itself; the metrics and the log lines of the runtime are made of these. */
export interface TaskEvents {
  handled(handler: string, outcome: 'ok' | 'parked' | 'dead-lettered' | 'failed', durationMs: number): void;
  committed(records: number, durationMs: number): void;
  restored(store: string, entries: number, durationMs: number): void;
  /** A transaction has failed: the task closes and must be opened again. */
  lost(error: unknown): void;
  /** A handler met an error that nobody classified: the service must stop. */
  fatal(error: unknown): void;
  /** The registry is away and input waits for it. */
  waitingForRegistry(error: unknown): void;
}

/** Tells nobody. */
export const silentTaskEvents: TaskEvents = {
  handled: () => undefined,
  committed: () => undefined,
  restored: () => undefined,
  lost: () => undefined,
  fatal: () => undefined,
  waitingForRegistry: () => undefined,
};
