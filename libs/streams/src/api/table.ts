/**
 * A compacted topic held whole in memory by every instance of a service: configuration that each of them needs
 * (`connections`, `flows`). Complete before the service is ready; later changes arrive within a moment.
 */
export interface ReadTable<T> {
  get(key: string): T | undefined;
  values(): Iterable<T>;
  /** Whether it has everything that was there when the process started. Until then a key that is absent may only not be read yet. */
  readonly complete: boolean;
  /** Calls the listener after each change; value undefined means that the key was deleted. */
  onChange(listener: (key: string, value: T | undefined) => void): void;
}
